/* SPDX-License-Identifier: Apache-2.0
 * The blufio ABI: its log, its input, its result, and the one function that all of its texts come through. What of it a module calls is in engine/src/wit/blufio.wat. */
#include "base/text.h"
#include "host/fns.h"

#include <string.h>

static bool log_line(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    static const char *const levels[] = {"trace", "debug", "info", "warn", "error"};
    const char *level = levels[in->numbers[0] < 5 ? in->numbers[0] : 2];
    (void)ret;
    host_call_log(c, (struct host_str){level, strlen(level)}, in->strings[0]);
    return true;
}

const struct host_fn blufio_log = {
    .name = "log",
    .type = "func(message: string, level: u32)",
    .strings = 1,
    .numbers = 1,
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_NOTHING,
    .doc = "Adds a line to the call's log.",
    .body = log_line,
};

static bool input_length(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    (void)in;
    ret->number = (int32_t)host_call_slot(c)->text[HOST_SLOT_INPUT].len;
    return true;
}

const struct host_fn blufio_input_length = {
    .name = "input-length",
    .type = "func() -> s32",
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_NUMBER,
    .doc = "Bytes of the call's input.",
    .body = input_length,
};

static bool set_output(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    (void)ret;
    return host_call_put(c, HOST_SLOT_RESULT, in->strings[0]);
}

const struct host_fn blufio_set_output = {
    .name = "set-output",
    .type = "func(text: string)",
    .strings = 1,
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_NOTHING,
    .doc = "Sets the call's result.",
    .body = set_output,
};

static bool output_length(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    (void)in;
    ret->number = (int32_t)host_call_slot(c)->text[HOST_SLOT_RESULT].len;
    return true;
}

const struct host_fn blufio_output_length = {
    .name = "output-length",
    .type = "func() -> s32",
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_NUMBER,
    .doc = "Bytes of the call's result so far.",
    .body = output_length,
};

/* The engine takes nothing but UTF-8 for a string, so a piece begins and ends with a character; one that does not begin with one is empty. */
static bool copy(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    uint32_t of = in->numbers[0], at = in->numbers[1], most = in->numbers[2];
    struct host_str text = of < HOST_SLOT_TEXTS ? host_call_slot(c)->text[of] : (struct host_str){"", 0};
    ret->text = (struct host_str){"", 0};
    if (at < text.len && ((unsigned char)text.data[at] & 0xC0) != 0x80)
        ret->text = (struct host_str){text.data + at, text_cut(text.data + at, text.len - at, most)};
    return true;
}

const struct host_fn blufio_copy = {
    .name = "copy",
    .type = "func(of: u32, at: u32, most: u32) -> string",
    .numbers = 3,
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_TEXT,
    .part = true,
    .doc = "Gives a piece of one of the call's texts.",
    .body = copy,
};

static bool ignored(struct host_call *c, const struct host_given *in, struct host_said *ret)
{
    (void)in, (void)ret;
    host_call_ignored(c);
    return true;
}

const struct host_fn blufio_ignored = {
    .name = "ignored",
    .type = "func()",
    .denied = HOST_NEVER_DENIED,
    .result = HOST_RETURNS_NOTHING,
    .doc = "Notes a call that was ignored: what it gave was no text.",
    .body = ignored,
};
