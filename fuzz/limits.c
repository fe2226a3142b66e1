/* SPDX-License-Identifier: Apache-2.0
 * Limits as people write them, and as they are written for people. */
#include "fuzz.h"

#include "policy/limit.h"
#include "policy/tier.h"

/* What is written reads back the same. */
static void check_written(enum cordon_limit limit, uint64_t value)
{
    char text[32];
    const char *why;
    uint64_t again = 0;
    if (value == 0 || (limit == CORDON_LIMIT_FUEL && value == UINT64_MAX))
        return;
    if (limit == CORDON_LIMIT_WALL_MS && value > UINT64_MAX / 1000)
        return; /* no duration is that long in microseconds */
    limit_write(limit, value, text, sizeof text);
    HOLDS(limit_read(limit, text, &again, &why) == 0 && again == value);
}

static void check_format(enum cordon_limit limit, uint64_t value, size_t size)
{
    char *small = malloc(size + 1), large[64];
    HOLDS(small);
    cordon_limit_format(limit, value, large, sizeof large);
    cordon_limit_format(limit, value, small, size);
    HOLDS(strlen(large) < 32 && (!size || strncmp(small, large, strlen(small)) == 0));
    free(small);
}

static void check_parse(enum cordon_limit limit, enum cordon_tier tier, const char *text)
{
    cordon_error *err = NULL;
    uint64_t value = 0;
    int rc = cordon_limit_parse(limit, tier, text, &value, &err);
    if (rc < 0) {
        HOLDS(rc == -CORDON_E_BAD_LIMIT && value == 0);
        fuzz_check_error(rc, err);
        return;
    }
    HOLDS(!err && value > 0 && value <= cordon_limit_ceiling(tier, limit));
    check_written(limit, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed f = {data, size};
    enum cordon_limit limit = feed_byte(&f) % CORDON_LIMIT_COUNT;
    enum cordon_tier tier = feed_byte(&f) % (CORDON_TIER_COUNT + 1);
    uint64_t value = 0;
    if (f.left >= sizeof value)
        memcpy(&value, f.at, sizeof value);
    check_written(limit, value);
    check_format(limit, value, size % 24);

    char *text = feed_rest(&f, NULL);
    check_parse(limit, tier, text);
    enum cordon_tier named = CORDON_TIER_COUNT;
    if (tier_parse(text, &named) == 0)
        HOLDS(strcmp(text, tier_name(named)) == 0);
    free(text);
    return 0;
}
