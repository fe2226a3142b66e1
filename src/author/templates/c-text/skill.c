/* execute: today's weather of the city that the input names. It comes from /data/CITY.txt, whose first line is today. */
#include "skill_plugin.h"
#include "cordon-skill.h"
#include <ctype.h>

enum { CITY_MAX = 64 };

CORDON_SKILL("@NAME@", "Tells today's weather of the city that the input names.")

/* It goes into a path. The sandbox would stop `../x`, too; this says why. */
static bool is_city(const skill_plugin_string_t *city)
{
    for (size_t i = 0; i < city->len; i++)
        if (!isalnum(city->ptr[i]) && city->ptr[i] != '-')
            return false;
    return city->len > 0 && city->len <= CITY_MAX;
}

/* True: *ret is the answer; false: *err is the error. */
bool exports_skill_plugin_execute(skill_plugin_string_t *input, skill_plugin_string_t *ret, skill_plugin_string_t *err)
{
    if (!is_city(input))
        return cordon_fail(err, "a city is a name of letters, digits and hyphens");
    char path[sizeof "/data/.txt" + CITY_MAX] = "/data/";
    strncat(path, (const char *)input->ptr, input->len);
    strcat(path, ".txt");
    /* The one thing that this skill wants of the outside: without a grant it is denied, and the denial is its error. */
    if (!cordon_read_file(path, ret, err))
        return false;
    uint8_t *end = memchr(ret->ptr, '\n', ret->len);
    ret->len = end ? (size_t)(end - ret->ptr) : ret->len;
    return true;
}
