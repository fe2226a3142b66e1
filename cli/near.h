/* SPDX-License-Identifier: Apache-2.0
 * "Did you mean": the nearest of some words. Nothing is copied: candidates must live as long as the answer is used. */
#pragma once

struct near {
    const char *word;
    const char *best;       /* NULL while nothing is near enough */
    unsigned distance;
};

void near_init(struct near *n, const char *word);
void near_offer(struct near *n, const char *candidate);
