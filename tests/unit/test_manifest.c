/* SPDX-License-Identifier: Apache-2.0
 * Manifests: each rule and message of the three formats by a test that bears its name. */
#include "base/cleanup.h"
#include "base/error.h"
#include "manifest/manifest.h"
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

Suite *suite_manifest(void);

/* ---- the ground ---- */

static struct manifest parsed(enum manifest_format f, const char *text)
{
    struct manifest m = {0};
    cordon_error *err = NULL;
    int rc = manifest_parse(f, text, strlen(text), &m, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    return m;
}

static void refused_len(enum manifest_format f, const char *text, size_t len, const char *message)
{
    struct manifest m = {.name = NULL};
    cordon_error *err = NULL;
    int rc = manifest_parse(f, text, len, &m, &err);
    ck_assert_msg(rc == -CORDON_E_BAD_MANIFEST, "gave %d for %.200s", rc, text);
    ck_assert_msg(strstr(cordon_error_message(err), message), "%s", cordon_error_message(err));
    ck_assert_ptr_null(m.name);
    cordon_error_free(err);
}

static void refused(enum manifest_format f, const char *text, const char *message) { refused_len(f, text, strlen(text), message); }

/* "net=.x.com read=/data" */
static void asks(const struct manifest *m, const char *expected)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < m->asks->n; i++) {
        buf_adds(&b, i ? " " : "");
        grant_print(&b, &m->asks->item[i]);
    }
    ck_assert_str_eq(b.data ? b.data : "", expected);
}

static void asks_of(enum manifest_format f, const char *text, const char *expected)
{
    struct manifest m = parsed(f, text);
    asks(&m, expected);
    manifest_finish(&m);
}

#define TOML MANIFEST_SKILL_TOML
#define COMP MANIFEST_COMPONENT_TOML
#define MD MANIFEST_SKILL_MD

#define SKILL "[skill]\nname = \"a\"\nversion = \"1.0.0\"\ndescription = \"d\"\n"
#define COMPONENT "[component]\nname = \"a\"\nversion = \"1.0.0\"\n"
#define MEMORY "[resources.memory]\nmax_bytes = 1048576\n"
#define CPU "[resources.cpu]\nmax_fuel = 10000000\ntimeout_seconds = 30\n"
#define FRONT "---\nname: a\ndescription: d\n"
#define META FRONT "metadata:\n  skill-type: tool\n"
#define END "---\nBody\n"

/* ---- what is refused: name of the test, format, text, a part of the message ---- */

#define REFUSED(X) \
    /* skill.toml */ \
    X(an_empty_skill_name_is_refused, TOML, "[skill]\nname = \"\"\nversion = \"1.0.0\"\ndescription = \"d\"\n", "skill.toml:2:8: skill name must not be empty") \
    X(a_skill_name_with_odd_characters_is_refused, TOML, "[skill]\nname = \"a b\"\n", \
      "skill.toml:2:8: skill name 'a b' contains invalid characters (only alphanumeric, hyphens, underscores allowed)") \
    X(a_skill_name_that_leads_out_is_refused, TOML, "[skill]\nname = \"../x\"\n", "skill name '../x' contains invalid characters") \
    X(a_skill_name_of_a_dot_is_refused, TOML, "[skill]\nname = \".\"\n", "skill name '.' contains invalid characters") \
    X(a_look_alike_skill_name_is_refused, TOML, "[skill]\nname = \"p\xd0\xb0y\"\n", "contains invalid characters") \
    X(a_skill_name_that_is_no_text_is_refused, TOML, "[skill]\nname = 7\n", "skill.toml:2:8: skill.name must be a text, not an integer") \
    X(a_missing_skill_section_is_refused, TOML, "", "Missing [skill] section in skill.toml") \
    X(a_missing_skill_name_is_refused, TOML, "\n[skill]\nversion = \"1.0.0\"\ndescription = \"d\"\n", "skill.toml:2:2: Missing `name` in [skill]") \
    X(a_missing_skill_version_is_refused, TOML, "[skill]\nname = \"a\"\ndescription = \"d\"\n", "Missing `version` in [skill]") \
    X(a_missing_skill_description_is_refused, TOML, "[skill]\nname = \"a\"\nversion = \"1.0.0\"\n", "Missing `description` in [skill]") \
    X(a_version_of_no_form_is_refused, TOML, "[skill]\nname = \"a\"\nversion = \"new\"\n", "skill.toml:3:11: skill.version 'new' is no version of the form MAJOR.MINOR.PATCH") \
    X(a_version_with_leading_zeros_is_refused, TOML, "[skill]\nversion = \"1.01.0\"\n", "is no version") \
    X(a_giant_version_number_is_refused, TOML, "[skill]\nversion = \"99999999999999999999.0.0\"\n", "is no version") \
    X(an_unknown_capability_key_is_refused, TOML, SKILL "[capabilities]\nnetwrok = {}\n", "skill.toml:6:1: there is no key `netwrok` in capabilities; did you mean `network`?") \
    X(an_unknown_network_key_is_refused, TOML, SKILL "[capabilities.network]\nhosts = []\n", "there is no key `hosts` in capabilities.network") \
    X(an_unknown_filesystem_key_is_refused, TOML, SKILL "[capabilities.filesystem]\nexec = []\n", "there is no key `exec` in capabilities.filesystem") \
    X(an_unknown_resource_is_refused, TOML, SKILL "[resources]\nmemroy_mb = 3\n", "skill.toml:6:1: there is no key `memroy_mb` in resources; did you mean `memory_mb`?") \
    X(domains_that_are_no_list_are_refused, TOML, SKILL "[capabilities.network]\ndomains = \"x.com\"\n", \
      "skill.toml:6:11: capabilities.network.domains must be a list of domains, such as [\"api.example.com\"], not a string") \
    X(a_domain_that_is_no_text_is_refused, TOML, SKILL "[capabilities.network]\ndomains = [\"x.com\", 7]\n", "capabilities.network.domains[1] must be a text, not an integer") \
    X(a_url_is_no_domain, TOML, SKILL "[capabilities.network]\ndomains = [\"https://x.com\"]\n", "skill.toml:6:12: capabilities.network.domains[0]: 'https://x.com' is no domain") \
    X(a_domain_with_a_port_is_refused, TOML, SKILL "[capabilities.network]\ndomains = [\"x.com:80\"]\n", "'x.com:80' is no domain") \
    X(a_domain_of_everything_is_refused, TOML, SKILL "[capabilities.network]\ndomains = [\"*\"]\n", "domains[0]: '*' is no domain") \
    X(a_wildcard_over_a_public_suffix_is_refused, TOML, SKILL "[capabilities.network]\ndomains = [\"*.co.uk\"]\n", "public suffix") \
    X(an_odd_spelling_of_an_address_is_no_domain, TOML, SKILL "[capabilities.network]\ndomains = [\"0x7f.1\"]\n", "four decimal numbers") \
    X(a_rule_of_another_kind_is_refused, TOML, SKILL "[capabilities.network]\nrules = [\"read=/data\"]\n", "rules[0]: grant 'net=read=/data'") \
    X(a_relative_path_is_refused, TOML, SKILL "[capabilities.filesystem]\nread = [\"data\"]\n", "must start with a /") \
    X(a_path_that_leads_up_is_refused, TOML, SKILL "[capabilities.filesystem]\nread = [\"/data/../etc\"]\n", "the path has a `..`") \
    X(a_path_of_the_host_is_refused, TOML, SKILL "[capabilities.filesystem]\nread = [\"/srv::/data\"]\n", "guest's own path") \
    X(a_reserved_variable_is_refused, TOML, SKILL "[capabilities]\nenv = [\"LD_PRELOAD\"]\n", "capabilities.env[0]: grant 'env=LD_PRELOAD'") \
    X(a_wildcard_of_secrets_is_refused, TOML, SKILL "[capabilities]\nsecrets = [\"*\"]\n", "capabilities.secrets[0]") \
    X(memory_of_another_type_is_refused, TOML, SKILL "[capabilities]\nmemory = 7\n", "capabilities.memory must be true, or a list of bots, not an integer") \
    X(fuel_of_zero_is_refused, TOML, SKILL "[resources]\nfuel = 0\n", "skill.toml:6:8: resources.fuel: '0' must be above zero") \
    X(negative_fuel_is_refused, TOML, SKILL "[resources]\nfuel = -1\n", "resources.fuel: '-1'") \
    X(unlimited_fuel_is_refused, TOML, SKILL "[resources]\nfuel = \"unlimited\"\n", "resources.fuel: 'unlimited'") \
    X(infinite_fuel_is_refused, TOML, SKILL "[resources]\nfuel = inf\n", "resources.fuel must be a whole number, not a float") \
    X(memory_beyond_arithmetic_is_refused, TOML, SKILL "[resources]\nmemory_mb = 9223372036854775807\n", "resources.memory_mb: '9223372036854775807' is too large") \
    X(a_time_out_of_zero_is_refused, TOML, SKILL "[resources]\nepoch_timeout_secs = 0\n", "resources.epoch_timeout_secs: '0' must be above zero") \
    X(an_entry_that_leads_out_is_refused, TOML, SKILL "[wasm]\nentry = \"../x.wasm\"\n", "skill.toml:6:9: wasm.entry '../x.wasm' is no path in the skill's own folder") \
    X(an_absolute_entry_is_refused, TOML, SKILL "[wasm]\nentry = \"/x.wasm\"\n", "is no path in the skill's own folder") \
    X(an_entry_of_nothing_is_refused, TOML, SKILL "[wasm]\nentry = \"./\"\n", "is no path in the skill's own folder") \
    X(a_language_of_odd_characters_is_refused, TOML, SKILL "[build]\nlang = \"c; rm\"\n", "build.lang 'c; rm' is no language") \
    X(an_export_that_a_terminal_would_show_as_another_is_refused, TOML, SKILL "[tool]\nexport = \"a\\u202eb\"\n", "is no name of an export") \
    X(a_text_that_is_no_toml_is_refused_at_its_place, TOML, "[skill]\nname = \n", "skill.toml:2:8: ") \
    X(a_key_that_stands_twice_is_refused, TOML, "[skill]\nname = \"a\"\nname = \"b\"\n", "skill.toml:3:1: ") \
    /* Component.toml */ \
    X(missing_memory_is_refused, COMP, COMPONENT CPU, "Missing [resources.memory] section in Component.toml") \
    X(memory_is_checked_before_cpu, COMP, COMPONENT, "Missing [resources.memory] section in Component.toml") \
    X(missing_cpu_is_refused, COMP, COMPONENT MEMORY, "Missing [resources.cpu] section in Component.toml") \
    X(missing_max_bytes_is_refused, COMP, COMPONENT "[resources.memory]\n" CPU, "Component.toml:4:12: Missing `max_bytes` in [resources.memory] of Component.toml") \
    X(missing_max_fuel_is_refused, COMP, COMPONENT MEMORY "[resources.cpu]\ntimeout_seconds = 3\n", "Missing `max_fuel` in [resources.cpu] of Component.toml") \
    X(missing_timeout_seconds_is_refused, COMP, COMPONENT MEMORY "[resources.cpu]\nmax_fuel = 3000\n", "Missing `timeout_seconds` in [resources.cpu] of Component.toml") \
    X(memory_below_its_minimum_is_refused, COMP, COMPONENT "[resources.memory]\nmax_bytes = 524287\n" CPU, \
      "Component.toml:5:13: max_memory_bytes (524287) is below minimum (524288)") \
    X(memory_above_its_maximum_is_refused, COMP, COMPONENT "[resources.memory]\nmax_bytes = 4194305\n" CPU, "max_memory_bytes (4194305) exceeds maximum (4194304)") \
    X(negative_memory_is_refused, COMP, COMPONENT "[resources.memory]\nmax_bytes = -1\n" CPU, "max_memory_bytes (-1) is below minimum (524288)") \
    X(memory_that_is_no_number_is_refused, COMP, COMPONENT "[resources.memory]\nmax_bytes = \"1MiB\"\n" CPU, "max_bytes must be a whole number, not a string") \
    X(fuel_below_its_minimum_is_refused, COMP, COMPONENT MEMORY "[resources.cpu]\nmax_fuel = 999\ntimeout_seconds = 1\n", "max_fuel (999) is below minimum (1000)") \
    X(fuel_above_its_maximum_is_refused, COMP, COMPONENT MEMORY "[resources.cpu]\nmax_fuel = 100000001\ntimeout_seconds = 1\n", "max_fuel (100000001) exceeds maximum (100000000)") \
    X(a_timeout_below_its_minimum_is_refused, COMP, COMPONENT MEMORY "[resources.cpu]\nmax_fuel = 1000\ntimeout_seconds = 0\n", "timeout_seconds (0) is below minimum (1)") \
    X(a_timeout_above_its_maximum_is_refused, COMP, COMPONENT MEMORY "[resources.cpu]\nmax_fuel = 1000\ntimeout_seconds = 301\n", "timeout_seconds (301) exceeds maximum (300)") \
    X(bad_memory_is_told_before_missing_cpu, COMP, COMPONENT "[resources.memory]\nmax_bytes = 1\n", "max_memory_bytes (1) is below minimum") \
    X(an_unknown_resource_of_a_component_is_refused, COMP, COMPONENT MEMORY CPU "[resources.disk]\nmax = 1\n", "there is no key `disk` in resources") \
    X(a_missing_component_section_is_refused, COMP, MEMORY CPU, "Missing [component] section in Component.toml") \
    X(a_missing_component_name_is_refused, COMP, "[component]\nversion = \"1.0.0\"\n" MEMORY CPU, "Component.toml:1:2: Missing `name` in [component] of Component.toml") \
    X(a_missing_component_version_is_refused, COMP, "[component]\nname = \"a\"\n" MEMORY CPU, "Missing `version` in [component] of Component.toml") \
    X(an_empty_component_name_is_refused, COMP, "[component]\nname = \"\"\nversion = \"1.0.0\"\n" MEMORY CPU, "component name must not be empty") \
    X(a_component_name_that_leads_out_is_refused, COMP, "[component]\nname = \"../x\"\nversion = \"1.0.0\"\n" MEMORY CPU, "component name '../x' is not made of letters") \
    X(bind_is_refused_by_name, COMP, COMPONENT MEMORY CPU "[capabilities.network]\nbind = [\"0.0.0.0:80\"]\n", "Component.toml:10:1: capabilities.network.bind is not offered by Cordon") \
    X(listen_is_refused_by_name, COMP, COMPONENT MEMORY CPU "[capabilities.network]\nlisten = [\"0.0.0.0:80\"]\n", "capabilities.network.listen is not offered by Cordon") \
    X(execute_is_refused_by_name, COMP, COMPONENT MEMORY CPU "[capabilities.filesystem]\nexecute = [\"/bin/sh\"]\n", "capabilities.filesystem.execute is not offered by Cordon") \
    X(storage_read_is_refused_by_name, COMP, COMPONENT MEMORY CPU "[capabilities.storage]\nread = [\"ns:key\"]\n", "capabilities.storage.read is not offered by Cordon") \
    X(storage_write_is_refused_by_name, COMP, COMPONENT MEMORY CPU "[capabilities.storage]\nwrite = [\"ns:key\"]\n", "capabilities.storage.write is not offered by Cordon") \
    X(storage_delete_is_refused_by_name, COMP, COMPONENT MEMORY CPU "[capabilities.storage]\ndelete = [\"ns:key\"]\n", "capabilities.storage.delete is not offered by Cordon") \
    X(empty_storage_is_refused_by_name, COMP, COMPONENT MEMORY CPU "[capabilities.storage]\n", "capabilities.storage is not offered by Cordon") \
    X(an_empty_array_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.filesystem]\nread = []\n", "Component.toml:10:8: capabilities.filesystem.read is an empty array") \
    X(a_duplicate_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.filesystem]\nread = [\"/a\", \"/a\"]\n", "capabilities.filesystem.read has the duplicate '/a'") \
    X(a_relative_path_of_a_component_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.filesystem]\nread = [\"a\"]\n", "must start with a /") \
    X(a_path_of_a_component_that_leads_up_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.filesystem]\nwrite = [\"/a/..\"]\n", "the path has a `..`") \
    X(an_endpoint_without_port_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.network]\nconnect = [\"x.com\"]\n", "'x.com' is not of the form host:port") \
    X(an_endpoint_with_a_scheme_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.network]\nconnect = [\"http://x.com:80\"]\n", "is not of the form host:port") \
    X(port_zero_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.network]\nconnect = [\"x.com:0\"]\n", "the port must be a number from 1 to 65535") \
    X(port_65536_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.network]\nconnect = [\"x.com:65536\"]\n", "the port must be a number from 1 to 65535") \
    X(an_unknown_capability_of_a_component_is_refused, COMP, COMPONENT MEMORY CPU "[capabilities.gpu]\n", "there is no key `gpu` in capabilities") \
    /* SKILL.md */ \
    X(a_skill_md_without_front_matter_is_refused, MD, "# Hello\n", "SKILL.md must start with YAML frontmatter delimiter '---'") \
    X(an_empty_skill_md_is_refused, MD, "", "SKILL.md must start with YAML frontmatter delimiter '---'") \
    X(four_hyphens_are_no_delimiter, MD, "----\nname: a\n---\n", "SKILL.md must start with YAML frontmatter delimiter '---'") \
    X(a_skill_md_without_end_of_front_matter_is_refused, MD, "---\nname: a\n", "SKILL.md missing closing frontmatter delimiter '---'") \
    X(a_skill_md_of_one_delimiter_is_refused, MD, "---", "SKILL.md missing closing frontmatter delimiter '---'") \
    X(a_name_in_capitals_is_refused, MD, "---\nname: Abc\ndescription: d\n" END, "SKILL.md:2:7: Skill name 'Abc' must contain only lowercase letters, digits, and hyphens") \
    X(a_name_with_an_underscore_is_refused, MD, "---\nname: a_b\ndescription: d\n" END, "Skill name 'a_b' must contain only lowercase letters, digits, and hyphens") \
    X(a_name_that_escapes_the_folder_is_refused, MD, "---\nname: ../x\ndescription: d\n" END, "Skill name '../x' must contain only lowercase letters, digits, and hyphens") \
    X(a_name_with_a_hyphen_in_front_is_refused, MD, "---\nname: -a\ndescription: d\n" END, "Skill name '-a' must not start or end with a hyphen") \
    X(a_name_with_a_hyphen_behind_is_refused, MD, "---\nname: a-\ndescription: d\n" END, "Skill name 'a-' must not start or end with a hyphen") \
    X(an_empty_name_is_refused, MD, "---\nname: ''\ndescription: d\n" END, "Skill name must not be empty") \
    X(a_missing_name_is_refused, MD, "---\ndescription: d\n" END, "Missing `name` in the front matter of SKILL.md") \
    X(a_name_that_is_null_is_missing, MD, "---\nname:\ndescription: d\n" END, "Missing `name` in the front matter of SKILL.md") \
    X(a_missing_description_is_refused, MD, "---\nname: a\n" END, "Missing `description` in the front matter of SKILL.md") \
    X(empty_front_matter_has_no_name, MD, "---\n---\n", "Missing `name`") \
    X(an_unknown_capability_is_refused_by_name, MD, FRONT "metadata:\n  capabilities: [http_get, http_put]\n" END, "SKILL.md:5:28: unknown capability 'http_put'") \
    X(a_capability_in_pascal_case_is_unknown, MD, FRONT "metadata:\n  capabilities:\n    - HttpGet\n" END, "SKILL.md:6:7: unknown capability 'HttpGet'") \
    X(capabilities_that_are_no_list_are_refused, MD, FRONT "metadata:\n  capabilities: http_get\n" END, "metadata.capabilities must be a list of capabilities, such as [http_get], not a string") \
    X(a_metadata_version_must_be_whole, MD, FRONT "metadata:\n  version: 1.0\n" END, "SKILL.md:5:12: metadata.version '1.0' is no version of the form MAJOR.MINOR.PATCH") \
    X(another_skill_type_is_refused, MD, FRONT "metadata:\n  skill-type: wizard\n" END, "metadata.skill-type must be prompt or tool") \
    X(another_trust_tier_is_refused, MD, FRONT "metadata:\n  trust-tier: root\n" END, "metadata.trust-tier must be untrusted, verified or local") \
    X(a_parent_of_odd_name_is_refused, MD, FRONT "metadata:\n  parents: [../x]\n" END, "Skill name '../x' must contain only") \
    X(a_conflict_of_odd_name_is_refused, MD, FRONT "metadata:\n  conflicts-with: [A]\n" END, "Skill name 'A' must contain only") \
    X(a_dependency_of_odd_form_is_refused, MD, FRONT "metadata:\n  dependencies: ['a@']\n" END, "metadata.dependencies[0] 'a@' is no dependency") \
    X(a_dependency_of_odd_name_is_refused, MD, FRONT "metadata:\n  dependencies: ['../a']\n" END, "is no dependency") \
    X(a_secret_of_odd_name_is_refused, MD, FRONT "metadata:\n  secrets: [LD_X]\n" END, "metadata.secrets[0]") \
    X(front_matter_that_is_no_map_is_refused, MD, "---\n- a\n- b\n" END, "must be a table, not an array") \
    X(aliases_are_refused, MD, "---\nname: a\ndescription: *x\n" END, "SKILL.md:3:14: aliases (*) are not read here") \
    X(anchors_are_refused, MD, "---\nname: &x a\ndescription: d\n" END, "SKILL.md:2:7: anchors (&) are not read here") \
    X(anchors_on_lists_are_refused, MD, FRONT "x: &l [1]\n" END, "anchors (&) are not read here") \
    X(anchors_on_maps_are_refused, MD, FRONT "x: &l {a: 1}\n" END, "anchors (&) are not read here") \
    X(tags_are_refused, MD, "---\nname: !!str a\ndescription: d\n" END, "tags (!) are not read here") \
    X(directives_are_refused, MD, "---\n%YAML 1.1\n--- {name: a, description: d}\n" END, "directives (%) are not read here") \
    X(a_yaml_key_that_stands_twice_is_refused, MD, "---\nname: a\nname: b\ndescription: d\n" END, "SKILL.md:3:1: this key stands here twice") \
    X(a_yaml_key_that_is_a_list_is_refused, MD, "---\n? [a]\n: b\n" END, "a key must be a plain text") \
    X(broken_yaml_is_refused_at_its_place, MD, "---\nname: [a\n" END, "SKILL.md:3:1: ") \
    X(yaml_indented_by_tabs_is_refused_at_its_place, MD, "---\nname: a\nmetadata:\n\tversion: 1.0.0\n" END, "SKILL.md:4:1: ") \
    X(a_nul_in_yaml_is_refused, MD, "---\nname: \"a\\0\"\ndescription: d\n" END, "SKILL.md:2:7: a text has a NUL in it") \
    X(a_text_that_is_a_list_is_refused, MD, "---\nname: [a]\ndescription: d\n" END, "name must be a text, not an array")

#define X(test, format, text, message)    \
    START_TEST(test)                      \
    {                                     \
        refused(format, text, message);   \
    }                                     \
    END_TEST
REFUSED(X)
#undef X

/* ---- what is asked for: name of the test, format, text, the asks ---- */

#define ASKS(X) \
    X(without_capabilities_nothing_is_asked_for, TOML, SKILL, "") \
    X(empty_lists_ask_for_nothing, TOML, SKILL "[capabilities]\nenv = []\n[capabilities.network]\ndomains = []\n[capabilities.filesystem]\nread = []\nwrite = []\n", "") \
    X(a_domain_asks_for_the_host_and_what_is_beneath_it_by_https, TOML, SKILL "[capabilities.network]\ndomains = [\"x.com\", \"API.Y.org\"]\n", "net=.x.com net=.api.y.org") \
    X(a_wildcard_domain_asks_for_what_is_beneath_it, TOML, SKILL "[capabilities.network]\ndomains = [\"*.x.com\"]\n", "net=*.x.com") \
    X(a_single_label_asks_for_that_host_alone, TOML, SKILL "[capabilities.network]\ndomains = [\"intranet\", \"github.io\"]\n", "net=intranet net=github.io") \
    X(an_address_asks_for_its_https_port, TOML, SKILL "[capabilities.network]\ndomains = [\"1.1.1.1\", \"localhost\"]\n", "net=1.1.1.1:443 net=localhost:443") \
    X(rules_are_grants_with_or_without_their_word, TOML, \
      SKILL "[capabilities.network]\nrules = [\"GET:https://x.com/v1\", \"net=http://y.com:8080\", \"bearer=KEY@x.com\", \"header=X-K:KEY@x.com\", \"net\", \"POST:*\"]\n", \
      "net=GET:https://x.com/v1 net=http://y.com:8080 bearer=KEY@x.com header=x-k:KEY@x.com net net=POST:*") \
    X(paths_are_the_guests, TOML, SKILL "[capabilities]\nfilesystem = { read = [\"/data/\", \"/a/./b\"], write = [\"/out\"] }\n", "read=/data read=/a/b write=/out") \
    X(variables_and_secrets_are_named, TOML, SKILL "[capabilities]\nenv = [\"LANG\"]\nsecrets = [\"API_KEY\"]\n", "env=LANG secret=API_KEY") \
    X(memory_is_a_switch, TOML, SKILL "[capabilities]\nmemory = true\n", "memory") \
    X(memory_that_is_off_asks_for_nothing, TOML, SKILL "[capabilities]\nmemory = false\n", "") \
    X(memory_is_a_list_of_bots, TOML, SKILL "[capabilities]\nmemory = [\"Luna\"]\n", "memory=luna") \
    X(what_is_asked_twice_is_asked_once, TOML, SKILL "[capabilities.network]\ndomains = [\"x.com\", \"X.com\"]\nrules = [\"net=.x.com\"]\n", "net=.x.com") \
    X(a_component_asks_for_paths_and_endpoints, COMP, \
      COMPONENT MEMORY CPU "[capabilities]\nfilesystem = { read = [\"/d\"], write = [\"/e\"] }\nnetwork = { connect = [\"x.com:443\", \"[::1]:8080\", \"*.y.com:80\"] }\n", \
      "read=/d write=/e net=x.com net=[::1]:8080 net=*.y.com:80") \
    X(a_component_without_capabilities_asks_for_nothing, COMP, COMPONENT MEMORY CPU, "") \
    X(recall_memory_asks_for_memory, MD, META "  capabilities: [recall_memory]\n" END, "memory") \
    X(http_get_asks_for_reading_requests_of_any_host, MD, META "  capabilities: [http_get]\n" END, "net=GET,HEAD:*") \
    X(http_post_asks_for_posts_to_any_host, MD, META "  capabilities: [http_post]\n" END, "net=POST:*") \
    X(read_file_asks_for_any_folder, MD, META "  capabilities: [read_file]\n" END, "read") \
    X(write_file_asks_for_any_folder, MD, META "  capabilities: [write_file]\n" END, "write") \
    X(get_secret_asks_for_any_secret, MD, META "  capabilities: [get_secret]\n" END, "secret") \
    X(read_env_asks_for_any_variable, MD, META "  capabilities: [read_env]\n" END, "env") \
    X(exec_command_asks_for_exec, MD, META "  capabilities: [exec_command]\n" END, "exec") \
    X(secrets_that_are_named_stand_for_get_secret, MD, META "  capabilities: [get_secret, read_env]\n  secrets: [B, A]\n" END, "env secret=B secret=A") \
    X(secrets_before_get_secret_stand_for_it_too, MD, META "  secrets: [A]\n  capabilities: [get_secret]\n" END, "secret=A") \
    X(a_skill_md_without_capabilities_asks_for_nothing, MD, FRONT END, "") \
    X(a_capability_may_stand_twice, MD, META "  capabilities: [http_get, http_get]\n" END, "net=GET,HEAD:*")

#define X(test, format, text, expected)     \
    START_TEST(test)                        \
    {                                       \
        asks_of(format, text, expected);    \
    }                                       \
    END_TEST
ASKS(X)
#undef X

/* ---- what is read ---- */

START_TEST(a_skill_toml_is_read_to_the_letter)
{
    struct manifest m = parsed(TOML, "[skill]\nname = \"My_skill-2\"\nversion = \"1.2.0-rc.1+b7\"\ndescription = \"Adds.\"\nauthor = \"Ada\"\n"
                                     "[resources]\nfuel = 5000\nmemory_mb = 32\nepoch_timeout_secs = 7\ntables = 300\noutput_bytes = 4096\n"
                                     "[wasm]\nentry = \"./bin//add.wasm\"\n[build]\nlang = \"c\"\n[tool]\nexport = \"docs:adder/add@0.1.0#add\"\n");
    ck_assert_str_eq(m.name, "My_skill-2");
    ck_assert_str_eq(m.version, "1.2.0-rc.1+b7");
    ck_assert_str_eq(m.description, "Adds.");
    ck_assert_str_eq(m.author, "Ada");
    ck_assert_str_eq(m.entry, "bin/add.wasm");
    ck_assert_str_eq(m.lang, "c");
    ck_assert_str_eq(m.export_name, "docs:adder/add@0.1.0#add");
    ck_assert(!m.prompt && !m.has_tier && m.warnings.n == 0);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_FUEL], 5000);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_MEMORY_BYTES], 32u << 20);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_WALL_MS], 7000);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_TABLE_ELEMENTS], 300);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_OUTPUT_BYTES], 4096);
    manifest_finish(&m);
    ck_assert_ptr_null(m.name);
    manifest_finish(&m);
}
END_TEST

START_TEST(a_skill_toml_leaves_out_what_it_may)
{
    struct manifest m = parsed(TOML, SKILL);
    ck_assert_str_eq(m.entry, "skill.wasm");
    ck_assert_ptr_null(m.author);
    ck_assert_ptr_null(m.lang);
    ck_assert_ptr_null(m.export_name);
    manifest_finish(&m);
}
END_TEST

START_TEST(limits_may_be_written_as_people_do)
{
    struct manifest m = parsed(TOML, SKILL "[resources]\nfuel = \"2G\"\noutput_bytes = \"1MiB\"\n");
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_FUEL], 2000000000);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_OUTPUT_BYTES], 1 << 20);
    manifest_finish(&m);
}
END_TEST

START_TEST(a_short_version_is_completed_with_a_warning)
{
    struct manifest m = parsed(TOML, "[skill]\nname = \"a\"\nversion = \"1.2\"\ndescription = \"d\"\n");
    ck_assert_str_eq(m.version, "1.2.0");
    ck_assert_uint_eq(m.warnings.n, 1);
    ck_assert_str_eq(m.warnings.item[0], "skill.toml:3:1: skill.version '1.2' is read as 1.2.0");
    manifest_finish(&m);
}
END_TEST

START_TEST(unknown_keys_elsewhere_are_warned_of)
{
    struct manifest m = parsed(TOML, SKILL "licence = \"MIT\"\n[wasm]\nopt = 3\n[extra]\nx = 1\n");
    ck_assert_uint_eq(m.warnings.n, 3);
    ck_assert_str_eq(m.warnings.item[0], "skill.toml:5:1: the key `licence` in skill is not known and was passed over");
    ck_assert_str_eq(m.warnings.item[2], "skill.toml:8:2: the key `extra` is not known and was passed over");
    manifest_finish(&m);
}
END_TEST

START_TEST(a_component_toml_is_read_to_the_letter)
{
    struct manifest m = parsed(COMP, "[component]\nname = \"math-box\"\nversion = \"0.1.0\"\n[resources.memory]\nmax_bytes = 524288\n"
                                     "[resources.cpu]\nmax_fuel = 100000000\ntimeout_seconds = 300\n");
    ck_assert_str_eq(m.name, "math-box");
    ck_assert_str_eq(m.description, "");
    ck_assert_str_eq(m.entry, "component.wasm");
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_MEMORY_BYTES], 524288);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_FUEL], 100000000);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_WALL_MS], 300000);
    manifest_finish(&m);
    m = parsed(COMP, COMPONENT "[resources]\nmemory = { max_bytes = 4194304 }\ncpu = { max_fuel = 1000, timeout_seconds = 1 }\n");
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_MEMORY_BYTES], 4194304);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_FUEL], 1000);
    ck_assert_uint_eq(m.limit[CORDON_LIMIT_WALL_MS], 1000);
    manifest_finish(&m);
}
END_TEST

START_TEST(a_missing_limit_is_told_with_range_and_sample)
{
    static const char text[] = COMPONENT CPU;
    struct manifest m;
    cordon_error *err = NULL;
    ck_assert_int_eq(manifest_parse(COMP, text, sizeof text - 1, &m, &err), -CORDON_E_BAD_MANIFEST);
    ck_assert_str_eq(cordon_error_message(err), "Missing [resources.memory] section in Component.toml");
    ck_assert_str_eq(cordon_error_subject(err), "memory");
    ck_assert(strstr(cordon_error_hint(err), "524288 to 4194304"));
    ck_assert(strstr(cordon_error_hint(err), "[resources.memory] max_bytes = 1048576"));
    cordon_error_free(err);
}
END_TEST

START_TEST(a_skill_md_is_read_to_the_letter)
{
    struct manifest m = parsed(MD, "---\nname: fetch-page2\ndescription: >\n  Fetches\n  a page.\nlicense: MIT\ncompatibility: any\nallowed-tools: Bash Read\nmetadata:\n"
                                   "  author: Ada\n  version: 2.0.1\n  skill-type: tool\n  capabilities:\n    - http_get\n  dependencies: [summarize, \"clean@^1.2\"]\n"
                                   "  conflicts-with: [fetch-old]\n  parents: [base]\n  categories: [web, text]\n  trust-tier: untrusted\n---\n\n# Body\n\nText\n");
    ck_assert_str_eq(m.name, "fetch-page2");
    ck_assert_str_eq(m.description, "Fetches a page.");
    ck_assert_str_eq(m.author, "Ada");
    ck_assert_str_eq(m.version, "2.0.1");
    ck_assert_str_eq(m.entry, "skill.wasm");
    ck_assert_str_eq(m.body, "# Body\n\nText\n");
    ck_assert(!m.prompt && m.has_tier && m.tier == CORDON_TIER_UNTRUSTED);
    ck_assert_uint_eq(m.n_needs, 2);
    ck_assert_str_eq(m.needs[0].name, "summarize");
    ck_assert_ptr_null(m.needs[0].requirement);
    ck_assert_str_eq(m.needs[1].name, "clean");
    ck_assert_str_eq(m.needs[1].requirement, "^1.2");
    ck_assert(m.parents.n == 1 && !strcmp(m.parents.item[0], "base"));
    ck_assert(m.conflicts.n == 1 && !strcmp(m.conflicts.item[0], "fetch-old"));
    ck_assert(m.categories.n == 2 && !strcmp(m.categories.item[1], "text"));
    ck_assert_uint_eq(m.warnings.n, 0);
    manifest_finish(&m);
}
END_TEST

START_TEST(a_skill_md_is_a_prompt_unless_it_says_tool)
{
    struct manifest m = parsed(MD, FRONT END);
    ck_assert(m.prompt);
    ck_assert_str_eq(m.version, "0.0.0");
    manifest_finish(&m);
    m = parsed(MD, FRONT "metadata:\n  skill-type: prompt\n" END);
    ck_assert(m.prompt);
    manifest_finish(&m);
    m = parsed(MD, META END);
    ck_assert(!m.prompt);
    manifest_finish(&m);
}
END_TEST

START_TEST(unknown_keys_of_a_skill_md_are_warned_of)
{
    struct manifest m = parsed(MD, FRONT "homepage: x\nmetadata:\n  emoji: y\n" END);
    ck_assert_uint_eq(m.warnings.n, 2);
    ck_assert_str_eq(m.warnings.item[0], "SKILL.md:4:1: the key `homepage` is not known and was passed over");
    ck_assert_str_eq(m.warnings.item[1], "SKILL.md:6:3: the key `emoji` in metadata is not known and was passed over");
    manifest_finish(&m);
}
END_TEST

START_TEST(allowed_tools_are_a_text_or_a_list)
{
    struct manifest m = parsed(MD, FRONT "allowed-tools: Bash(git:*) Read\n" END);
    manifest_finish(&m);
    m = parsed(MD, FRONT "allowed-tools:\n  - Bash\n  - Read\n" END);
    ck_assert_uint_eq(m.warnings.n, 0);
    manifest_finish(&m);
    refused(MD, FRONT "allowed-tools: {a: b}\n" END, "allowed-tools must be a text or a list of texts");
}
END_TEST

START_TEST(lines_may_end_as_on_windows)
{
    struct manifest m = parsed(MD, "---\r\nname: a\r\ndescription: d\r\n---\r\nBody\r\n");
    ck_assert_str_eq(m.name, "a");
    ck_assert_str_eq(m.body, "Body\r\n");
    manifest_finish(&m);
}
END_TEST

START_TEST(a_body_may_have_rules_of_hyphens)
{
    struct manifest m = parsed(MD, FRONT "---\nOne\n\n---\n\nTwo");
    ck_assert_str_eq(m.body, "One\n\n---\n\nTwo");
    manifest_finish(&m);
}
END_TEST

START_TEST(keys_that_are_null_are_as_if_they_were_not_there)
{
    struct manifest m = parsed(MD, FRONT "license:\nmetadata:\n  version: ~\n  parents:\n  capabilities: null\n" END);
    ck_assert_str_eq(m.version, "0.0.0");
    manifest_finish(&m);
}
END_TEST

START_TEST(a_description_is_one_clean_line_of_at_most_300_characters)
{
    char text[2048] = "---\nname: a\ndescription: \"one\\n two\\t \\e[31mred\\u202E ";
    for (int i = 0; i < 400; i++)
        strcat(text, "\xc3\xa9");
    strcat(text, "\"\n---\n");
    struct manifest m = parsed(MD, text);
    ck_assert_msg(strncmp(m.description, "one two \\x1b[31mred\\u{202e} \xc3\xa9", 29) == 0, "%s", m.description);
    size_t characters = 0;
    for (const char *c = m.description; *c; c++)
        characters += ((unsigned char)*c & 0xC0) != 0x80;
    ck_assert_uint_eq(characters, 300);
    ck_assert_str_eq(m.description + strlen(m.description) - 3, "…");
    manifest_finish(&m);
}
END_TEST

START_TEST(a_name_of_300_characters_is_refused)
{
    char name[301], text[600];
    memset(name, 'a', 300);
    name[300] = '\0';
    snprintf(text, sizeof text, "[skill]\nname = \"%s\"\n", name);
    refused(TOML, text, "has 300 bytes (ceiling 128)");
    snprintf(text, sizeof text, "---\nname: %s\ndescription: d\n---\n", name);
    refused(MD, text, "has 300 bytes (ceiling 128)");
    snprintf(text, sizeof text, "[component]\nname = \"%s\"\n", name);
    refused(COMP, text, "at most 128");
}
END_TEST

START_TEST(a_manifest_has_a_ceiling)
{
    size_t len = MANIFEST_MAX + 1;
    cleanup_free char *text = malloc(len);
    memset(text, '\n', len);
    for (int f = 0; f < MANIFEST_FORMAT_COUNT; f++)
        refused_len((enum manifest_format)f, text, len, "has 262145 bytes (ceiling 262144)");
}
END_TEST

START_TEST(a_list_has_a_ceiling)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, MANIFEST_MAX);
    buf_adds(&b, SKILL "[capabilities]\nenv = [");
    for (int i = 0; i <= MANIFEST_LIST_MAX; i++)
        buf_addf(&b, "\"A%d\",", i);
    buf_adds(&b, "]\n");
    refused(TOML, b.data, "capabilities.env has 257 entries (ceiling 256)");
}
END_TEST

START_TEST(warnings_have_a_ceiling)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, MANIFEST_MAX);
    buf_adds(&b, SKILL);
    for (int i = 0; i <= 2 * MANIFEST_LIST_MAX; i++)
        buf_addf(&b, "x%d = 1\n", i);
    struct manifest m = parsed(TOML, b.data);
    ck_assert_uint_eq(m.warnings.n, MANIFEST_LIST_MAX);
    manifest_finish(&m);
}
END_TEST

START_TEST(text_that_is_not_utf8_is_refused)
{
    for (int f = 0; f < MANIFEST_FORMAT_COUNT; f++) {
        refused_len((enum manifest_format)f, "a\xff", 2, "is not UTF-8");
        refused_len((enum manifest_format)f, "a\0b", 3, "has a NUL in it");
    }
}
END_TEST

START_TEST(deep_yaml_is_refused)
{
    char text[256] = FRONT "x: ";
    for (int i = 0; i < 40; i++)
        strcat(text, "[");
    for (int i = 0; i < 40; i++)
        strcat(text, "]");
    strcat(text, "\n---\n");
    refused(MD, text, "SKILL.md:4:20: this is nested more than 16 deep");
}
END_TEST

START_TEST(much_yaml_is_refused)
{
    cleanup(buf_finish) struct buf b;
    buf_init(&b, MANIFEST_MAX);
    buf_adds(&b, FRONT "x: [");
    for (int i = 0; i < 5000; i++)
        buf_adds(&b, "a,");
    buf_adds(&b, "]\n---\n");
    refused(MD, b.data, "there are more than 4,096 values");
}
END_TEST

/* ---- limits ---- */

static uint64_t limit_of(const struct manifest *m, enum cordon_tier tier, enum cordon_limit l, const char *origin)
{
    const char *from = NULL;
    uint64_t value = manifest_limit(m, tier, l, &from);
    ck_assert_str_eq(from ? from : "", origin);
    return value;
}

START_TEST(a_skill_toml_has_defaults_of_its_own)
{
    struct manifest m = parsed(TOML, SKILL "[resources]\nfuel = 77\n");
    for (int t = 0; t < CORDON_TIER_COUNT; t++) {
        enum cordon_tier tier = (enum cordon_tier)t;
        ck_assert_uint_eq(limit_of(&m, tier, CORDON_LIMIT_FUEL, "skill.toml"), 77);
        ck_assert_uint_eq(limit_of(&m, tier, CORDON_LIMIT_MEMORY_BYTES, "default of skill.toml"), 16u << 20);
        ck_assert_uint_eq(limit_of(&m, tier, CORDON_LIMIT_WALL_MS, "default of skill.toml"), 5000);
        ck_assert_uint_eq(limit_of(&m, tier, CORDON_LIMIT_INPUT_BYTES, ""), 0);
    }
    manifest_finish(&m);
    m = parsed(TOML, SKILL);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, "default of skill.toml"), 1000000000);
    manifest_finish(&m);
}
END_TEST

START_TEST(a_skill_md_has_defaults_by_tier)
{
    struct manifest m = parsed(MD, FRONT END);
    const char *origin = "default of SKILL.md";
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_MEMORY_BYTES, origin), 16u << 20);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, origin), 500000);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_WALL_MS, origin), 10000);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_VERIFIED, CORDON_LIMIT_MEMORY_BYTES, origin), 64u << 20);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_VERIFIED, CORDON_LIMIT_FUEL, origin), 1000000);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_VERIFIED, CORDON_LIMIT_WALL_MS, origin), 30000);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_LOCAL, CORDON_LIMIT_MEMORY_BYTES, origin), 256u << 20);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_LOCAL, CORDON_LIMIT_FUEL, ""), 0);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_LOCAL, CORDON_LIMIT_WALL_MS, origin), 300000);
    manifest_finish(&m);
}
END_TEST

START_TEST(the_table_limit_of_a_skill_md_lets_javascript_and_python_load)
{
    struct manifest m = parsed(MD, FRONT END);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_TABLE_ELEMENTS, ""), 0);
    manifest_finish(&m);
}
END_TEST

START_TEST(a_component_toml_has_no_defaults)
{
    struct manifest m = parsed(COMP, COMPONENT MEMORY CPU);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_FUEL, "Component.toml"), 10000000);
    ck_assert_uint_eq(limit_of(&m, CORDON_TIER_UNTRUSTED, CORDON_LIMIT_TABLE_ELEMENTS, ""), 0);
    manifest_finish(&m);
}
END_TEST

START_TEST(no_default_of_a_format_is_above_the_ceiling_as_shipped)
{
    for (int t = 0; t < CORDON_TIER_COUNT; t++) {
        for (int f = 0; f < MANIFEST_FORMAT_COUNT; f++) {
            struct manifest m = {.format = (enum manifest_format)f};
            for (int l = 0; l < CORDON_LIMIT_COUNT; l++) {
                const char *origin;
                ck_assert_uint_le(manifest_limit(&m, (enum cordon_tier)t, (enum cordon_limit)l, &origin), cordon_limit_ceiling((enum cordon_tier)t, (enum cordon_limit)l));
            }
        }
    }
}
END_TEST

/* ---- folders ---- */

struct ground { char path[64]; int fd; };

static struct ground folder(void)
{
    struct ground g = {.path = "/tmp/cordon-manifest-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(g.path));
    g.fd = open(g.path, O_RDONLY | O_DIRECTORY);
    return g;
}

static void put(const struct ground *g, const char *file, const char *text)
{
    cleanup_fd int fd = openat(g->fd, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void remove_folder(struct ground *g)
{
    static const char *const files[] = {"skill.toml", "Component.toml", "SKILL.md", "skill.wasm", "a.wasm", "component.wasm", "x"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlinkat(g->fd, files[i], 0);
    close(g->fd);
    rmdir(g->path);
}

static void read_fails(struct ground *g, const char *message)
{
    struct manifest m;
    cordon_error *err = NULL;
    ck_assert_int_eq(manifest_read(g->fd, g->path, &m, &err), -CORDON_E_BAD_MANIFEST);
    ck_assert_msg(strstr(cordon_error_message(err), message), "%s", cordon_error_message(err));
    cordon_error_free(err);
    remove_folder(g);
}

static struct manifest read_works(struct ground *g)
{
    struct manifest m = {0};
    cordon_error *err = NULL;
    int rc = manifest_read(g->fd, g->path, &m, &err);
    ck_assert_msg(rc == 1, "%s", err ? cordon_error_message(err) : "");
    remove_folder(g);
    return m;
}

START_TEST(a_folder_without_manifest_has_none)
{
    struct ground g = folder();
    struct manifest m;
    put(&g, "skill.wasm", "x");
    ck_assert_int_eq(manifest_read(g.fd, g.path, &m, NULL), 0);
    remove_folder(&g);
}
END_TEST

START_TEST(manifests_that_disagree_on_the_name_are_refused)
{
    struct ground g = folder();
    put(&g, "skill.toml", SKILL);
    put(&g, "SKILL.md", "---\nname: b\ndescription: d\n---\n");
    read_fails(&g, "skill.toml and SKILL.md do not agree on the skill's name");
}
END_TEST

START_TEST(manifests_that_disagree_on_the_version_are_refused)
{
    struct ground g = folder();
    put(&g, "skill.toml", SKILL);
    put(&g, "Component.toml", "[component]\nname = \"a\"\nversion = \"1.0.1\"\n" MEMORY CPU);
    read_fails(&g, "skill.toml and Component.toml do not agree on the skill's version");
}
END_TEST

START_TEST(manifests_that_disagree_on_capabilities_are_refused)
{
    struct ground g = folder();
    put(&g, "skill.toml", SKILL "[capabilities]\nenv = [\"A\"]\n");
    put(&g, "SKILL.md", META "  capabilities: [read_env]\n" END);
    read_fails(&g, "do not agree on the skill's capabilities");
}
END_TEST

START_TEST(manifests_that_disagree_on_a_limit_are_refused)
{
    struct ground g = folder();
    put(&g, "skill.toml", SKILL "[resources]\nfuel = 5000\n");
    put(&g, "Component.toml", COMPONENT MEMORY CPU);
    read_fails(&g, "do not agree on the skill's fuel");
}
END_TEST

START_TEST(manifests_that_agree_are_read_as_one)
{
    struct ground g = folder();
    put(&g, "skill.toml", SKILL "[capabilities]\nmemory = true\n");
    put(&g, "SKILL.md", META "  capabilities: [recall_memory]\n  parents: [p]\n  trust-tier: untrusted\n" END);
    put(&g, "skill.wasm", "x");
    struct manifest m = read_works(&g);
    ck_assert_int_eq(m.format, MANIFEST_SKILL_TOML);
    ck_assert(m.has_tier && m.tier == CORDON_TIER_UNTRUSTED && m.parents.n == 1);
    asks(&m, "memory");
    manifest_finish(&m);
}
END_TEST

START_TEST(the_code_may_bear_the_skills_name)
{
    struct ground g = folder();
    put(&g, "Component.toml", COMPONENT MEMORY CPU);
    put(&g, "a.wasm", "x");
    struct manifest m = read_works(&g);
    ck_assert_str_eq(m.entry, "a.wasm");
    manifest_finish(&m);
}
END_TEST

START_TEST(a_manifest_that_is_a_link_is_refused)
{
    struct ground g = folder();
    ck_assert_int_eq(symlinkat("/etc/passwd", g.fd, "skill.toml"), 0);
    read_fails(&g, "is a link");
}
END_TEST

START_TEST(a_manifest_that_is_a_fifo_is_refused)
{
    struct ground g = folder();
    ck_assert_int_eq(mkfifoat(g.fd, "skill.toml", 0600), 0);
    read_fails(&g, "is no regular file");
}
END_TEST

START_TEST(a_manifest_file_has_a_ceiling)
{
    struct ground g = folder();
    put(&g, "skill.toml", SKILL);
    cleanup_fd int fd = openat(g.fd, "skill.toml", O_WRONLY);
    ck_assert_int_eq(ftruncate(fd, MANIFEST_MAX + 100), 0);
    read_fails(&g, "has 262145 bytes (ceiling 262144)");
}
END_TEST

Suite *suite_manifest(void)
{
    Suite *s = suite_create("manifest");
    TCase *c = tcase_create("manifest");
#define X(test, format, text, expected) tcase_add_test(c, test);
    REFUSED(X)
    ASKS(X)
#undef X
    tcase_add_test(c, a_skill_toml_is_read_to_the_letter);
    tcase_add_test(c, a_skill_toml_leaves_out_what_it_may);
    tcase_add_test(c, limits_may_be_written_as_people_do);
    tcase_add_test(c, a_short_version_is_completed_with_a_warning);
    tcase_add_test(c, unknown_keys_elsewhere_are_warned_of);
    tcase_add_test(c, a_component_toml_is_read_to_the_letter);
    tcase_add_test(c, a_missing_limit_is_told_with_range_and_sample);
    tcase_add_test(c, a_skill_md_is_read_to_the_letter);
    tcase_add_test(c, a_skill_md_is_a_prompt_unless_it_says_tool);
    tcase_add_test(c, unknown_keys_of_a_skill_md_are_warned_of);
    tcase_add_test(c, allowed_tools_are_a_text_or_a_list);
    tcase_add_test(c, lines_may_end_as_on_windows);
    tcase_add_test(c, a_body_may_have_rules_of_hyphens);
    tcase_add_test(c, keys_that_are_null_are_as_if_they_were_not_there);
    tcase_add_test(c, a_description_is_one_clean_line_of_at_most_300_characters);
    tcase_add_test(c, a_name_of_300_characters_is_refused);
    tcase_add_test(c, a_manifest_has_a_ceiling);
    tcase_add_test(c, a_list_has_a_ceiling);
    tcase_add_test(c, warnings_have_a_ceiling);
    tcase_add_test(c, text_that_is_not_utf8_is_refused);
    tcase_add_test(c, deep_yaml_is_refused);
    tcase_add_test(c, much_yaml_is_refused);
    tcase_add_test(c, a_skill_toml_has_defaults_of_its_own);
    tcase_add_test(c, a_skill_md_has_defaults_by_tier);
    tcase_add_test(c, the_table_limit_of_a_skill_md_lets_javascript_and_python_load);
    tcase_add_test(c, a_component_toml_has_no_defaults);
    tcase_add_test(c, no_default_of_a_format_is_above_the_ceiling_as_shipped);
    tcase_add_test(c, a_folder_without_manifest_has_none);
    tcase_add_test(c, manifests_that_disagree_on_the_name_are_refused);
    tcase_add_test(c, manifests_that_disagree_on_the_version_are_refused);
    tcase_add_test(c, manifests_that_disagree_on_capabilities_are_refused);
    tcase_add_test(c, manifests_that_disagree_on_a_limit_are_refused);
    tcase_add_test(c, manifests_that_agree_are_read_as_one);
    tcase_add_test(c, the_code_may_bear_the_skills_name);
    tcase_add_test(c, a_manifest_that_is_a_link_is_refused);
    tcase_add_test(c, a_manifest_that_is_a_fifo_is_refused);
    tcase_add_test(c, a_manifest_file_has_a_ceiling);
    suite_add_tcase(s, c);
    return s;
}
