/* run: today's weather of the city that the input names. It comes from /data/CITY.txt, whose first line is today. */
#include "blufio.h"
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { CITY_MAX = 64, DATA_MAX = 4096 };

static void answer(const char *text)
{
    blufio_set_output(text, (int)strlen(text));
}

/* The input is JSON: a city comes as "Oslo". It goes into a path, so nothing but letters, digits and hyphens is let through. */
static bool take_city(char city[CITY_MAX + 1])
{
    char text[CITY_MAX + 3];
    int len = blufio_get_input_len();
    if (len < 3 || len > CITY_MAX + 2)
        return false;
    blufio_get_input(text);
    if (text[0] != '"' || text[len - 1] != '"')
        return false;
    for (int i = 1; i < len - 1; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-')
            return false;
    memcpy(city, text + 1, (size_t)len - 2);
    city[len - 2] = '\0';
    return true;
}

void run(void)
{
    char city[CITY_MAX + 1], path[sizeof "/data/.txt" + CITY_MAX], data[DATA_MAX];
    if (!take_city(city)) {
        answer("a city is a name of letters, digits and hyphens");
        return;
    }
    strcat(strcat(strcpy(path, "/data/"), city), ".txt");
    /* The one thing that this skill wants of the outside: without a grant it ends here, with a trap that says so. */
    int len = blufio_read_file(path, (int)strlen(path), data, DATA_MAX);
    len = len < DATA_MAX ? len : DATA_MAX;
    const char *end = memchr(data, '\n', (size_t)len);
    blufio_set_output(data, end ? (int)(end - data) : len);
}
