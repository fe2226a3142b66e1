// Today's weather of the city that the input names: the first line of /data/CITY.txt.
import { log, read } from './cordon.js';

export const getName = () => '@NAME@';
export const getDescription = () => "Tells today's weather of a city.";

// What is thrown is the error of the call. So is the denial, if nobody granted the data: the one thing that this skill wants of the outside.
export function execute(input) {
    const city = input.trim();
    // It goes into a path. The sandbox would stop `../x`, too; this says why.
    if (!/^[A-Za-z0-9-]{1,64}$/.test(city)) throw new Error('a city is a name of letters, digits and hyphens');
    log.debug('asked for', city);
    return read(`/data/${city}.txt`).split('\n')[0];
}
