/* SPDX-License-Identifier: Apache-2.0
 * cordon help: the overview, a command's help, or a topic. */
#include "near.h"
#include "report.h"
#include "usage.h"
#include <string.h>

static void topic_grants(void)
{
    puts("A skill can use nothing that its operator did not grant: no network, no files, no secrets, no variables. A grant is given\n"
         "for one run with -a (again for more):\n\n"
         "  net=HOST               https on 443 there        net=HOST:PORT          http or https on that port\n"
         "  net=http://HOST        http on 80                net=https://HOST/v1    beneath that path\n"
         "  net=.HOST              and the names beneath it  net=*.HOST             only beneath\n"
         "  net=GET,HEAD:HOST      only these methods\n"
         "  bearer=SECRET@HOST     that secret as a bearer token, added on the way out; header=NAME:SECRET@HOST\n"
         "  read=PATH[::GUEST]     read beneath a folder, which the skill sees as GUEST; write=, rw=\n"
         "  env=NAME               read a variable (-e NAME, -e NAME=VALUE)\n"
         "  secret=NAME            read a secret of `cordon secret`; better let the gateway add it (bearer=, header=)\n"
         "  memory, memory=BOT     recall what a bot remembers (`cordon memory`, --bot)\n"
         "  call=NAME              call functions that an embedding program offers under that name\n");
    puts("A literal address, or localhost, is granted with its port. Everything else is refused, the skill is told so, and the\n"
         "outcome lists it once with a count and one of these reasons:\n\n"
         "  not-granted       it may be asked for, but was not granted\n"
         "  not-asked         the skill's manifest does not ask for it\n"
         "  private-address   the address belongs to a private or special network\n"
         "  not-offered       Cordon does not offer it to anybody\n\n"
         "What a skill can always do: log, ask for its context, read clocks (coarse ones), get random bytes.");
}

static void topic_limits(void)
{
    puts("Every call has limits; none can be switched off. Untrusted skills get as shipped, by default and at most\n"
         "(`cordon doctor` shows what the settings make of it):\n");
    for (int i = 0; i < CORDON_LIMIT_COUNT; i++) {
        char value[48], ceiling[48];
        enum cordon_limit l = (enum cordon_limit)i;
        cordon_limit_format(l, cordon_limit_default(CORDON_TIER_UNTRUSTED, l), value, sizeof value);
        cordon_limit_format(l, cordon_limit_ceiling(CORDON_TIER_UNTRUSTED, l), ceiling, sizeof ceiling);
        printf("  %-16s%-12s%s\n", cordon_limit_name(l), value, ceiling);
    }
    puts("\n--fuel, -m and -t of run and bench set theirs, up to the ceiling.\n"
         "Numbers take k, M, G, T; sizes 16MB (powers of ten) or 16MiB (powers of two); durations 250ms, 10s, 5m.\n"
         "Fuel is about one per WebAssembly instruction: 1 G is about 0.2 s. Memory is the sum over all memories and tables.\n"
         "The time includes waiting and host calls. `cordon bench` measures a skill and suggests limits.");
}

static void topic_exit_codes(void)
{
    puts("   0  ok\n"
         "   1  the skill returned an error of its own\n"
         "   2  usage: a word, an option, a limit, an argument does not fit\n"
         "   3  not ok, and something was refused (capability, trust)\n"
         "   4  a limit was hit: fuel, memory, time, output; or no sandbox was free in time\n"
         "   5  the skill trapped\n"
         "   6  a bad artifact, or none at that place\n"
         "   7  input or output failed, or the machine lacks something\n"
         "  70  a bug of Cordon's\n\n"
         "On SIGINT or SIGTERM the call is cancelled, everything is given back, then the command dies of that signal.\n"
         "`cordon explain ID` says what to do about each error.");
}

static void topic_config(void)
{
    puts("Settings are read from two files in TOML; neither has to be there:\n\n"
         "  /etc/cordon/config.toml   the system's, root's alone: it sets the frame\n"
         "  the user's                --config FILE, else $CORDON_HOME/config.toml,\n"
         "                            else $XDG_CONFIG_HOME/cordon/config.toml (~/.config/cordon/config.toml);\n"
         "                            what the system's sets, it only narrows\n\n"
         "  [tiers.untrusted]         also verified, local\n"
         "  default = { fuel = \"20G\", memory = \"128MiB\", timeout = \"20s\" }\n"
         "  ceiling = { memory = \"512MiB\" }\n"
         "  [policy]\n"
         "  flags = true              false: flags raise no limit above its default, and grant nothing\n"
         "  highest_tier = \"verified\"   what --tier may ask for (untrusted)\n"
         "  [cache]\n"
         "  max = \"2GiB\"              compiled code kept on disk\n"
         "  [compile]                 bounds of one compilation\n"
         "  memory = \"4GiB\"\n"
         "  cpu = \"60s\"\n"
         "  wall = \"120s\"\n");
    puts("An unknown key is an error that names file, line and column. A file that others can write is refused, with the command\n"
         "that mends it. Nothing is ever read from the working directory or a skill's folder but the skill itself.\n"
         "`cordon doctor` shows what is in force and where it is from; cordon-config(5) says all of it.\n\n"
         "  XDG_CACHE_HOME   compiled code is kept in its folder `cordon` (default ~/.cache/cordon): ours alone, mode 0700\n"
         "  NO_COLOR         set and not empty: no colour on terminals");
}

static void topic_json(void)
{
    puts("With --json (-j) a command prints one object in one line on standard output, also when it fails; standard error stays\n"
         "silent. For run, every key is always there:\n\n"
         "  cordon         1: the version of this form\n"
         "  invocation_id, skill, version, tier\n"
         "  outcome        ok, err, trap, out-of-fuel, out-of-memory, deadline, cancelled, output-too-large, host-bug;\n"
         "                 not-started if there is only an error\n"
         "  output         the answer; output_kind: json, text or base64\n"
         "  error          null, or id, category, message, hint, subject, causes, value (of an err), trap, backtrace\n"
         "  limits         fuel, memory_bytes, wall_ms\n"
         "  usage          fuel, fuel_exact, memory_peak_bytes, wall_us, cpu_us, host_calls, bytes_in, bytes_out\n"
         "  log            level and message each\n"
         "  denials        capability, wanted, reason and count each\n\n"
         "Times are RFC 3339, sizes are bytes. Values of WIT types: integers of 64 bits may be strings, list<u8> is base64,\n"
         "records are objects, option is the value or null, a variant is {\"case\": value} or its bare name, flags are an array\n"
         "of names, result is {\"ok\": ...} or {\"err\": ...}.");
}

static const struct { const char *name; void (*print)(void); } topics[] = {
    {"grants", topic_grants}, {"limits", topic_limits}, {"exit-codes", topic_exit_codes}, {"config", topic_config}, {"json", topic_json},
};

enum { TOPICS = sizeof topics / sizeof topics[0] };

static int unknown(const struct cli *cli, const char *word)
{
    cordon_error *err = NULL;
    struct near n;
    near_init(&n, word);
    const struct command *c;
    for (size_t i = 0; (c = command_nth(i)); i++)
        near_offer(&n, c->name);
    for (size_t i = 0; i < TOPICS; i++)
        near_offer(&n, topics[i].name);
    cordon_error_set(&err, CORDON_E_USAGE, word, "Topics: grants, limits, exit-codes, config, json; or a command's name.",
                     "there is no help on %.200s%s%s%s", word, n.best ? "; did you mean " : "", n.best ? n.best : "", n.best ? "?" : "");
    return report_error(cli, NULL, err);
}

static int run(struct cli *cli)
{
    if (!cli->args.n_words) {
        usage_overview();
        return out_end(cli, 0);
    }
    const char *word = cli->args.words[0];
    for (size_t i = 0; i < TOPICS; i++) {
        if (strcmp(topics[i].name, word) == 0) {
            topics[i].print();
            return out_end(cli, 0);
        }
    }
    const struct command *command = command_find(word);
    if (!command)
        return unknown(cli, word);
    usage_command(command);
    return out_end(cli, 0);
}

const struct command command_help = {
    .name = "help",
    .group = GROUP_OTHER,
    .words_max = 1,
    .summary = "explain a command or a topic",
    .synopsis = "[COMMAND | TOPIC]",
    .about = "Topics: grants, limits, exit-codes, config, json.",
    .example = "cordon help limits",
    .run = run,
};
