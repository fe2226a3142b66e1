/* SPDX-License-Identifier: Apache-2.0 */
#include "author/templates.h"
#include "author/cordon_d_ts.h"
#include "author/cordon_js.h"
#include "author/cordon_skill_python.h"
#include "author/sdk_rust_Cargo_toml.h"
#include "author/sdk_rust_src_lib_rs.h"
#include "author/skill_world.h"
#include "author/template_c_blufio_README_md.h"
#include "author/template_c_blufio_skill_c.h"
#include "author/template_c_blufio_skill_toml.h"
#include "author/template_c_blufio_tests_denied_toml.h"
#include "author/template_c_blufio_tests_oslo_toml.h"
#include "author/template_c_text_README_md.h"
#include "author/template_c_text_skill_c.h"
#include "author/template_c_text_skill_toml.h"
#include "author/template_c_text_tests_denied_toml.h"
#include "author/template_c_text_tests_oslo_out.h"
#include "author/template_c_text_tests_oslo_toml.h"
#include "author/template_c_typed_README_md.h"
#include "author/template_c_typed_data_Oslo_txt.h"
#include "author/template_c_typed_skill_c.h"
#include "author/template_c_typed_skill_toml.h"
#include "author/template_c_typed_tests_denied_toml.h"
#include "author/template_c_typed_tests_oslo_out.h"
#include "author/template_c_typed_tests_oslo_toml.h"
#include "author/template_c_typed_weather_wit.h"
#include "author/template_ignore.h"
#include "author/template_js_text_README_md.h"
#include "author/template_js_text_skill_js.h"
#include "author/template_js_text_skill_toml.h"
#include "author/template_js_text_tests_oslo_toml.h"
#include "author/template_js_typed_README_md.h"
#include "author/template_js_typed_ignore.h"
#include "author/template_js_typed_package_json.h"
#include "author/template_js_typed_package_lock_json.h"
#include "author/template_js_typed_skill_js.h"
#include "author/template_js_typed_skill_toml.h"
#include "author/template_js_typed_tests_oslo_toml.h"
#include "author/template_js_typed_weather_wit.h"
#include "author/template_prompt_README_md.h"
#include "author/template_prompt_SKILL_md.h"
#include "author/template_prompt_tests_sentence_toml.h"
#include "author/template_python_text_README_md.h"
#include "author/template_python_text_skill_py.h"
#include "author/template_python_text_skill_toml.h"
#include "author/template_python_text_tests_oslo_toml.h"
#include "author/template_python_typed_README_md.h"
#include "author/template_python_typed_ignore.h"
#include "author/template_python_typed_requirements_txt.h"
#include "author/template_python_typed_skill_py.h"
#include "author/template_python_typed_skill_toml.h"
#include "author/template_python_typed_tests_oslo_toml.h"
#include "author/template_rust_ignore.h"
#include "author/template_rust_text_Cargo_lock.h"
#include "author/template_rust_text_Cargo_toml.h"
#include "author/template_rust_text_README_md.h"
#include "author/template_rust_text_skill_toml.h"
#include "author/template_rust_text_src_lib_rs.h"
#include "author/template_rust_text_tests_oslo_toml.h"
#include "author/template_rust_typed_Cargo_lock.h"
#include "author/template_rust_typed_Cargo_toml.h"
#include "author/template_rust_typed_README_md.h"
#include "author/template_rust_typed_skill_toml.h"
#include "author/template_rust_typed_src_lib_rs.h"
#include "author/template_rust_typed_tests_oslo_toml.h"
#include "author/template_ts_text_README_md.h"
#include "author/template_ts_text_skill_toml.h"
#include "author/template_ts_text_skill_ts.h"
#include "author/template_ts_typed_README_md.h"
#include "author/template_ts_typed_package_json.h"
#include "author/template_ts_typed_package_lock_json.h"
#include "author/template_ts_typed_skill_toml.h"
#include "author/template_ts_typed_skill_ts.h"
#include "author/template_ts_typed_tsconfig_json.h"

static const struct template_file c_typed_files[] = {
    {"skill.c", template_c_typed_skill_c},
    {"wit/weather.wit", template_c_typed_weather_wit},
    {"wit/deps/boternity-skill/boternity-skill.wit", skill_world},
    {"skill.toml", template_c_typed_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_c_typed_tests_oslo_toml},
    {"tests/oslo.out", template_c_typed_tests_oslo_out},
    {"tests/denied.toml", template_c_typed_tests_denied_toml},
    {"README.md", template_c_typed_README_md},
    {".gitignore", template_ignore},
    {NULL, NULL},
};

static const struct template_file c_text_files[] = {
    {"skill.c", template_c_text_skill_c},
    {"wit/boternity-skill.wit", skill_world},
    {"skill.toml", template_c_text_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_c_text_tests_oslo_toml},
    {"tests/oslo.out", template_c_text_tests_oslo_out},
    {"tests/denied.toml", template_c_text_tests_denied_toml},
    {"README.md", template_c_text_README_md},
    {".gitignore", template_ignore},
    {NULL, NULL},
};

static const struct template_file c_blufio_files[] = {
    {"skill.c", template_c_blufio_skill_c},
    {"skill.toml", template_c_blufio_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_c_blufio_tests_oslo_toml},
    {"tests/oslo.out", template_c_text_tests_oslo_out},
    {"tests/denied.toml", template_c_blufio_tests_denied_toml},
    {"README.md", template_c_blufio_README_md},
    {".gitignore", template_ignore},
    {NULL, NULL},
};

static const struct template_file js_typed_files[] = {
    {"skill.js", template_js_typed_skill_js},
    {"cordon.js", cordon_js},
    {"cordon.d.ts", cordon_d_ts},
    {"package.json", template_js_typed_package_json},
    {"package-lock.json", template_js_typed_package_lock_json},
    {"wit/weather.wit", template_js_typed_weather_wit},
    {"wit/deps/boternity-skill/boternity-skill.wit", skill_world},
    {"skill.toml", template_js_typed_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_js_typed_tests_oslo_toml},
    {"tests/oslo.out", template_c_typed_tests_oslo_out},
    {"tests/denied.toml", template_c_typed_tests_denied_toml},
    {"README.md", template_js_typed_README_md},
    {".gitignore", template_js_typed_ignore},
    {NULL, NULL},
};

static const struct template_file js_text_files[] = {
    {"skill.js", template_js_text_skill_js},
    {"cordon.js", cordon_js},
    {"cordon.d.ts", cordon_d_ts},
    {"package.json", template_js_typed_package_json},
    {"package-lock.json", template_js_typed_package_lock_json},
    {"wit/boternity-skill.wit", skill_world},
    {"skill.toml", template_js_text_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_js_text_tests_oslo_toml},
    {"tests/oslo.out", template_c_text_tests_oslo_out},
    {"tests/denied.toml", template_c_text_tests_denied_toml},
    {"README.md", template_js_text_README_md},
    {".gitignore", template_js_typed_ignore},
    {NULL, NULL},
};

static const struct template_file ts_typed_files[] = {
    {"skill.ts", template_ts_typed_skill_ts},
    {"cordon.js", cordon_js},
    {"cordon.d.ts", cordon_d_ts},
    {"package.json", template_ts_typed_package_json},
    {"package-lock.json", template_ts_typed_package_lock_json},
    {"tsconfig.json", template_ts_typed_tsconfig_json},
    {"wit/weather.wit", template_js_typed_weather_wit},
    {"wit/deps/boternity-skill/boternity-skill.wit", skill_world},
    {"skill.toml", template_ts_typed_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_js_typed_tests_oslo_toml},
    {"tests/oslo.out", template_c_typed_tests_oslo_out},
    {"tests/denied.toml", template_c_typed_tests_denied_toml},
    {"README.md", template_ts_typed_README_md},
    {".gitignore", template_js_typed_ignore},
    {NULL, NULL},
};

static const struct template_file ts_text_files[] = {
    {"skill.ts", template_ts_text_skill_ts},
    {"cordon.js", cordon_js},
    {"cordon.d.ts", cordon_d_ts},
    {"package.json", template_ts_typed_package_json},
    {"package-lock.json", template_ts_typed_package_lock_json},
    {"tsconfig.json", template_ts_typed_tsconfig_json},
    {"wit/boternity-skill.wit", skill_world},
    {"skill.toml", template_ts_text_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_js_text_tests_oslo_toml},
    {"tests/oslo.out", template_c_text_tests_oslo_out},
    {"tests/denied.toml", template_c_text_tests_denied_toml},
    {"README.md", template_ts_text_README_md},
    {".gitignore", template_js_typed_ignore},
    {NULL, NULL},
};

static const struct template_file python_typed_files[] = {
    {"skill.py", template_python_typed_skill_py},
    {"cordon_skill.py", cordon_skill_python},
    {"requirements.txt", template_python_typed_requirements_txt},
    {"wit/weather.wit", template_c_typed_weather_wit},
    {"wit/deps/boternity-skill/boternity-skill.wit", skill_world},
    {"skill.toml", template_python_typed_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_python_typed_tests_oslo_toml},
    {"tests/oslo.out", template_c_typed_tests_oslo_out},
    {"tests/denied.toml", template_c_typed_tests_denied_toml},
    {"README.md", template_python_typed_README_md},
    {".gitignore", template_python_typed_ignore},
    {NULL, NULL},
};

static const struct template_file python_text_files[] = {
    {"skill.py", template_python_text_skill_py},
    {"cordon_skill.py", cordon_skill_python},
    {"requirements.txt", template_python_typed_requirements_txt},
    {"wit/boternity-skill.wit", skill_world},
    {"skill.toml", template_python_text_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_python_text_tests_oslo_toml},
    {"tests/oslo.out", template_c_text_tests_oslo_out},
    {"tests/denied.toml", template_c_text_tests_denied_toml},
    {"README.md", template_python_text_README_md},
    {".gitignore", template_python_typed_ignore},
    {NULL, NULL},
};

static const struct template_file rust_typed_files[] = {
    {"Cargo.toml", template_rust_typed_Cargo_toml},
    {"Cargo.lock", template_rust_typed_Cargo_lock},
    {"src/lib.rs", template_rust_typed_src_lib_rs},
    {"wit/weather.wit", template_c_typed_weather_wit},
    {"wit/deps/boternity-skill/boternity-skill.wit", skill_world},
    {"skill.toml", template_rust_typed_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_rust_typed_tests_oslo_toml},
    {"tests/oslo.out", template_c_typed_tests_oslo_out},
    {"tests/denied.toml", template_c_typed_tests_denied_toml},
    {"README.md", template_rust_typed_README_md},
    {".gitignore", template_rust_ignore},
    {NULL, NULL},
};

static const struct template_file rust_text_files[] = {
    {"Cargo.toml", template_rust_text_Cargo_toml},
    {"Cargo.lock", template_rust_text_Cargo_lock},
    {"src/lib.rs", template_rust_text_src_lib_rs},
    {"cordon-skill/Cargo.toml", sdk_rust_Cargo_toml},
    {"cordon-skill/src/lib.rs", sdk_rust_src_lib_rs},
    {"cordon-skill/wit/boternity-skill.wit", skill_world},
    {"wit/boternity-skill.wit", skill_world},
    {"skill.toml", template_rust_text_skill_toml},
    {"data/Oslo.txt", template_c_typed_data_Oslo_txt},
    {"tests/oslo.toml", template_rust_text_tests_oslo_toml},
    {"tests/oslo.out", template_c_text_tests_oslo_out},
    {"tests/denied.toml", template_c_text_tests_denied_toml},
    {"README.md", template_rust_text_README_md},
    {".gitignore", template_rust_ignore},
    {NULL, NULL},
};

static const struct template_file prompt_files[] = {
    {"SKILL.md", template_prompt_SKILL_md},
    {"tests/sentence.toml", template_prompt_tests_sentence_toml},
    {"README.md", template_prompt_README_md},
    {NULL, NULL},
};

static const struct template templates[CORDON_TEMPLATE_COUNT] = {
    [CORDON_TEMPLATE_C] = {"a skill in C", false, c_typed_files,
                           {"cordon build ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ --args '{\"city\": \"Oslo\", \"days\": 2}' -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_C_SKILL] = {"a skill in C, text in and text out", false, c_text_files,
                                 {"cordon build ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ Oslo -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_C_BLUFIO] = {"a core module of the blufio ABI, in C", false, c_blufio_files,
                                  {"cordon build ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ Oslo -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_JS] = {"a skill in JavaScript", false, js_typed_files,
                            {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ --args '{\"city\": \"Oslo\", \"days\": 2}' -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_JS_SKILL] = {"a skill in JavaScript, text in and text out", false, js_text_files,
                                  {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ Oslo -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_TS] = {"a skill in TypeScript", false, ts_typed_files,
                            {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ --args '{\"city\": \"Oslo\", \"days\": 2}' -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_TS_SKILL] = {"a skill in TypeScript, text in and text out", false, ts_text_files,
                                  {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ Oslo -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_PYTHON] = {"a skill in Python", false, python_typed_files,
                                {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ --args '{\"city\": \"Oslo\", \"days\": 2}' -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_PYTHON_SKILL] = {"a skill in Python, text in and text out", false, python_text_files,
                                      {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ Oslo -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_RUST] = {"a skill in Rust", false, rust_typed_files,
                              {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ --args '{\"city\": \"Oslo\", \"days\": 2}' -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_RUST_SKILL] = {"a skill in Rust, text in and text out", false, rust_text_files,
                                    {"cordon build --fetch ./@NAME@", "cordon test ./@NAME@", "cordon run ./@NAME@ Oslo -a read=@NAME@/data::/data"}},
    [CORDON_TEMPLATE_PROMPT] = {"a prompt", true, prompt_files, {"cordon run ./@NAME@", "cordon test ./@NAME@"}},
};

const struct template *template_of(enum cordon_template which)
{
    return (size_t)which < CORDON_TEMPLATE_COUNT ? &templates[which] : NULL;
}
