// forecast: the weather of the next days. It comes from /data/CITY.txt, where each line is a day: LOW HIGH SKY.
import { read } from './cordon.js';

const DAYS_MAX = 14;

function day(line) {
    const [, low, high, sky] = /^(-?\d+) (-?\d+) (.+)$/.exec(line) ?? [];
    if (sky === undefined) throw new Error('the data of that city has a line that is no day');
    return { low: Number(low), high: Number(high), sky };
}

// What is thrown is the error of the call. So is the denial, if nobody granted the data: the one thing that this skill wants of the outside.
export function forecast(city, days) {
    // It goes into a path. The sandbox would stop `../x`, too; this says why.
    if (!/^[A-Za-z0-9-]{1,64}$/.test(city)) throw new Error('a city is a name of letters, digits and hyphens');
    if (days < 1 || days > DAYS_MAX) throw new Error(`days is from 1 to ${DAYS_MAX}`);
    const lines = read(`/data/${city}.txt`).split('\n').filter((line) => line !== '');
    return { city, days: lines.slice(0, days).map(day) };
}
