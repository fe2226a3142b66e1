/* execute: today's weather of the city that the input names. It comes from /data/CITY.txt, whose first line is today. */
#include "skill_plugin.h"
#include <ctype.h>
#include <string.h>

enum { CITY_MAX = 64 };

void exports_skill_plugin_get_name(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "@NAME@");
}

void exports_skill_plugin_get_description(skill_plugin_string_t *ret)
{
    skill_plugin_string_dup(ret, "Tells today's weather of the city that the input names.");
}

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
    if (!is_city(input)) {
        skill_plugin_string_dup(err, "a city is a name of letters, digits and hyphens");
        return false;
    }
    char path[sizeof "/data/.txt" + CITY_MAX] = "/data/";
    strncat(path, (const char *)input->ptr, input->len);
    strcat(path, ".txt");
    skill_plugin_string_t borrowed = {(uint8_t *)path, strlen(path)};
    /* The one thing that this skill wants of the outside: without a grant it is denied, and the denial is its error. */
    if (!boternity_skill_host_read_file(&borrowed, ret, err))
        return false;
    uint8_t *end = memchr(ret->ptr, '\n', ret->len);
    ret->len = end ? (size_t)(end - ret->ptr) : ret->len;
    return true;
}
