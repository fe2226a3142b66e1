/* forecast: the weather of the next days. It comes from /data/CITY.txt, where each line is a day: LOW HIGH SKY. */
#include "weather.h"
#include "cordon-skill.h"
#include <ctype.h>

enum { DAYS_MAX = 14, CITY_MAX = 64 };

/* It goes into a path. The sandbox would stop `../x`, too; this says why. */
static bool is_city(const weather_string_t *city)
{
    for (size_t i = 0; i < city->len; i++)
        if (!isalnum(city->ptr[i]) && city->ptr[i] != '-')
            return false;
    return city->len > 0 && city->len <= CITY_MAX;
}

/* The one thing that this skill wants of the outside: without a grant it is denied, and the denial is its error. */
static bool read_data(const weather_string_t *city, weather_string_t *ret, weather_string_t *err)
{
    char path[sizeof "/data/.txt" + CITY_MAX] = "/data/";
    strncat(path, (const char *)city->ptr, city->len);
    strcat(path, ".txt");
    return cordon_read_file(path, ret, err);
}

static bool take_number(char **at, int8_t *ret)
{
    char *end;
    long n = strtol(*at, &end, 10);
    if (end == *at || n < INT8_MIN || n > INT8_MAX)
        return false;
    *ret = (int8_t)n;
    *at = end;
    return true;
}

/* Of the line at *at, which then is the next one. False: it is not as it should be. */
static bool take_day(char **at, weather_day_t *ret)
{
    char *end = *at + strcspn(*at, "\n"), *s = *at;
    if (!take_number(&s, &ret->low) || !take_number(&s, &ret->high))
        return false;
    s += strspn(s, " ");
    if (s >= end)
        return false;
    weather_string_dup_n(&ret->sky, s, (size_t)(end - s));
    *at = *end ? end + 1 : end;
    return true;
}

static bool take_days(char *text, uint8_t days, weather_report_t *ret)
{
    ret->days.ptr = malloc(days * sizeof *ret->days.ptr);
    for (ret->days.len = 0; ret->days.ptr && ret->days.len < days && *text; ret->days.len++)
        if (!take_day(&text, &ret->days.ptr[ret->days.len]))
            return false;
    return ret->days.ptr != NULL;
}

/* True: *ret is the answer; false: *err is the error. What comes in is ours to free, or to hand on. */
bool exports_weather_forecast(weather_string_t *city, uint8_t days, weather_report_t *ret, weather_string_t *err)
{
    weather_string_t data;
    if (!is_city(city))
        return cordon_fail(err, "a city is a name of letters, digits and hyphens");
    if (days < 1 || days > DAYS_MAX)
        return cordon_fail(err, "days is from 1 to %d", DAYS_MAX);
    if (!read_data(city, &data, err))
        return false;
    char *text = cordon_chars(&data);
    weather_string_free(&data);
    bool ok = text && take_days(text, days, ret);
    free(text);
    ret->city = *city;
    return ok || cordon_fail(err, "the data of that city has a line that is no day");
}
