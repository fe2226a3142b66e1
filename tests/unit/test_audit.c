/* SPDX-License-Identifier: Apache-2.0
 * The audit's chain: whatever is done to its rows without the key is found; a kill at any moment leaves a chain that holds. */
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/id.h"
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

Suite *suite_audit(void);

static char root[64], home[96];
static struct id_source ids;

static void setup(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(home, sizeof home, "%s/home", root);
    ck_assert_int_eq(id_source_init(&ids, NULL), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void teardown(void) { nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static const char *file(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

/* ---- writing ---- */

static struct audit_record *record_at(const char *skill, const char *bot, uint64_t ms)
{
    char id[ID_TEXT];
    id_next(&ids, ms, id);
    struct audit_record *r = audit_record_new(&(struct audit_told){
        .kind = AUDIT_CALL, .invocation_id = id, .skill = skill, .version = "1.0.0", .bot = bot, .tier = "untrusted", .used = AUDIT_USED_NET | AUDIT_USED_READ, .outcome = "ok",
        .output = "an answer", .output_len = 9, .fuel = 1234, .memory_peak = 65536, .duration_ms = 7, .success = true,
    });
    ck_assert_ptr_nonnull(r);
    return r;
}

static struct audit_record *record(const char *skill, const char *bot) { return record_at(skill, bot, clock_wall_ms()); }

static void open_store(struct audit_store *s)
{
    cordon_error *err = NULL;
    int r = audit_store_make(home, s, &err);
    ck_assert_msg(r == 0, "%s", err ? cordon_error_message(err) : "");
}

static int append(struct audit_store *s, struct audit_record *r, bool durable)
{
    cordon_error *err = NULL;
    int rc = audit_store_append(s, r, durable, &err);
    ck_assert_msg(rc == 0, "%s", err ? cordon_error_message(err) : "");
    audit_record_free(r);
    return rc;
}

static void write_rows(int n)
{
    struct audit_store s;
    open_store(&s);
    for (int i = 0; i < n; i++)
        append(&s, record(i % 2 ? "odd" : "even", i % 3 ? NULL : "ada"), i % 4 == 0);
    audit_store_close(&s);
}

/* What somebody does to the rows who has the file and not the key. */
static void tamper(const char *sql)
{
    struct audit_store s;
    cordon_error *err = NULL;
    open_store(&s);
    int r = db_run(&s.db, sql, &err);
    ck_assert_msg(r == 0, "%s", err ? cordon_error_message(err) : "");
    audit_store_close(&s);
}

/* ---- verifying ---- */

static json_t *verify_with(const char *head)
{
    struct audit_head h;
    char *text = NULL;
    cordon_error *err = NULL;
    if (head)
        ck_assert(audit_head_parse(head, strlen(head), &h));
    int r = audit_verify(home, head ? &h : NULL, &text, &err);
    ck_assert_msg(r >= 0, "%s", err ? cordon_error_message(err) : "");
    json_t *j = json_loads(text, 0, NULL);
    free(text);
    ck_assert_ptr_nonnull(j);
    ck_assert_int_eq(json_is_true(json_object_get(j, "ok")), r);
    return j;
}

static int64_t number_of(const json_t *j, const char *key) { return json_integer_value(json_object_get(j, key)); }

static void holds(int64_t rows)
{
    json_t *j = verify_with(NULL);
    char *all = json_dumps(j, 0);
    ck_assert_msg(json_is_true(json_object_get(j, "ok")), "%s", all);
    ck_assert_msg(number_of(j, "rows") == rows, "%s", all);
    free(all);
    json_decref(j);
}

/* The first finding, and that there is one. */
static void finds_with(const char *head, const char *fault, int64_t first, int64_t last)
{
    json_t *j = verify_with(head), *f = json_array_get(json_object_get(j, "findings"), 0);
    char *all = json_dumps(j, 0);
    ck_assert_msg(json_is_false(json_object_get(j, "ok")), "%s", all);
    ck_assert_msg(!strcmp(json_string_value(json_object_get(f, "fault")), fault), "%s", all);
    ck_assert_msg(number_of(f, "first") == first && number_of(f, "last") == last, "%s", all);
    free(all);
    json_decref(j);
}

static void finds(const char *fault, int64_t first, int64_t last) { finds_with(NULL, fault, first, last); }

static int64_t count_findings(void)
{
    json_t *j = verify_with(NULL);
    int64_t n = number_of(j, "findings_total");
    json_decref(j);
    return n;
}

static void read_head(char ret[AUDIT_HEAD_TEXT])
{
    json_t *j = verify_with(NULL);
    snprintf(ret, AUDIT_HEAD_TEXT, "%s", json_string_value(json_object_get(j, "head")));
    json_decref(j);
}

/* ---- the chain ---- */

START_TEST(a_chain_that_nobody_touched_verifies)
{
    write_rows(12);
    holds(12);
    write_rows(3);
    holds(15);
}
END_TEST

START_TEST(an_audit_that_never_began_verifies_and_has_no_head)
{
    json_t *j = verify_with(NULL);
    ck_assert(json_is_true(json_object_get(j, "ok")));
    ck_assert(json_is_null(json_object_get(j, "head")));
    json_decref(j);
}
END_TEST

START_TEST(an_edited_row_is_found_whatever_column_it_was)
{
    static const char *const edits[] = {
        "kind = 'started'", "invocation_id = invocation_id || 'x'", "skill_name = 'other'", "skill_version = NULL", "trust_tier = 'verified'", "capabilities_used = '[]'",
        "input_hash = output_hash", "output_hash = 'x'", "fuel_consumed = fuel_consumed + 1", "memory_peak_bytes = 0", "duration_ms = NULL", "success = 0", "error = 'x'",
        "timestamp = '2020-01-01T00:00:00.000Z'", "bot_id = 'eve'", "outcome = 'err'", "denials = 5", "link = zeroblob(32)",
    };
    ck_assert_uint_eq(sizeof edits / sizeof *edits, AUDIT_COLUMN_COUNT + 1); /* each column, and the link */
    write_rows(8);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char sql[256];
        tamper("CREATE TABLE kept AS SELECT * FROM audit");
        snprintf(sql, sizeof sql, "UPDATE audit SET %s WHERE seq = 5", edits[i]);
        tamper(sql);
        finds("changed", 5, 5);
        tamper("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
        holds(8);
    }
}
END_TEST

START_TEST(an_edited_row_does_not_hide_the_next_one)
{
    write_rows(8);
    tamper("UPDATE audit SET error = 'nothing' WHERE seq IN (3, 6)");
    ck_assert_int_eq(count_findings(), 2);
    finds("changed", 3, 3);
}
END_TEST

START_TEST(a_removed_row_is_found)
{
    write_rows(8);
    tamper("DELETE FROM audit WHERE seq = 4");
    finds("missing", 4, 4);
}
END_TEST

START_TEST(a_removed_row_is_found_when_those_behind_it_are_numbered_anew)
{
    write_rows(8);
    tamper("DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4");
    finds("changed", 4, 4);
}
END_TEST

START_TEST(a_removed_beginning_is_found)
{
    write_rows(8);
    tamper("DELETE FROM audit WHERE seq <= 3");
    finds("missing", 1, 3);
}
END_TEST

START_TEST(an_inserted_row_is_found)
{
    write_rows(8);
    tamper("UPDATE audit SET seq = -seq; UPDATE audit SET seq = 1 - seq WHERE seq <= -4; UPDATE audit SET seq = -seq WHERE seq < 0;"
           "INSERT INTO audit SELECT 4, kind, invocation_id, 'forged', skill_version, trust_tier, capabilities_used, input_hash, output_hash, fuel_consumed,"
           " memory_peak_bytes, duration_ms, success, error, timestamp, bot_id, outcome, denials, link, seal FROM audit WHERE seq = 3");
    finds("changed", 4, 4);
}
END_TEST

START_TEST(a_row_put_behind_the_last_is_found)
{
    write_rows(8);
    tamper("INSERT INTO audit SELECT 9, kind, invocation_id, 'forged', skill_version, trust_tier, capabilities_used, input_hash, output_hash, fuel_consumed,"
           " memory_peak_bytes, duration_ms, success, error, timestamp, bot_id, outcome, denials, link, seal FROM audit WHERE seq = 8");
    finds("changed", 9, 9);
}
END_TEST

START_TEST(rows_in_another_order_are_found)
{
    write_rows(8);
    tamper("UPDATE audit SET seq = 100 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = 100");
    finds("changed", 3, 3);
}
END_TEST

START_TEST(a_cut_tail_is_found_by_the_head)
{
    write_rows(8);
    tamper("DELETE FROM audit WHERE seq > 6");
    finds("cut", 7, 8);
}
END_TEST

START_TEST(a_cut_tail_is_found_by_a_head_noted_elsewhere_when_the_file_was_put_back_too)
{
    char before[AUDIT_HEAD_TEXT], noted[AUDIT_HEAD_TEXT];
    write_rows(6);
    read_head(before);
    write_rows(2);
    read_head(noted);
    tamper("DELETE FROM audit WHERE seq > 6");
    FILE *f = fopen(file("audit.head"), "w");
    fprintf(f, "%s\n", before);
    fclose(f);
    holds(6);
    finds_with(noted, "cut", 7, 8);
}
END_TEST

START_TEST(a_chain_that_was_rewritten_with_the_key_is_found_by_a_head_noted_elsewhere)
{
    char noted[AUDIT_HEAD_TEXT];
    write_rows(5);
    read_head(noted);
    ck_assert_int_eq(unlink(file("audit.head")), 0);
    tamper("DELETE FROM audit");
    ck_assert_int_eq(unlink(file("audit.head")), 0);
    write_rows(9);
    finds_with(noted, "other-head", 5, 5);
}
END_TEST

START_TEST(a_head_cannot_be_made_of_what_the_rows_say)
{
    struct audit_store s;
    struct audit_head last;
    char forged[AUDIT_HEAD_TEXT];
    write_rows(8);
    open_store(&s);
    ck_assert_int_eq(db_run(&s.db, "DELETE FROM audit WHERE seq > 6", NULL), 0);
    ck_assert_int_eq(audit_store_last(&s, &last, NULL), 0);
    audit_store_close(&s);
    audit_head_print(&last, forged);
    FILE *f = fopen(file("audit.head"), "w");
    fprintf(f, "%s\n", forged);
    fclose(f);
    finds("other-head", 6, 6);
}
END_TEST

START_TEST(a_head_that_was_removed_is_found)
{
    write_rows(4);
    ck_assert_int_eq(unlink(file("audit.head")), 0);
    finds("no-head", 0, 0);
}
END_TEST

START_TEST(what_is_written_behind_a_cut_tail_tells_of_it)
{
    write_rows(8);
    tamper("DELETE FROM audit WHERE seq > 6");
    write_rows(5);
    json_t *j = verify_with(NULL);
    ck_assert_int_eq(number_of(j, "gaps"), 1);
    ck_assert_int_eq(number_of(j, "rows"), 6 + 1 + 5);
    json_decref(j);
}
END_TEST

START_TEST(a_head_that_is_behind_the_chain_is_none_of_anybodys_doing)
{
    char before[AUDIT_HEAD_TEXT];
    write_rows(6);
    read_head(before);
    write_rows(2);
    FILE *f = fopen(file("audit.head"), "w"); /* as a kill between commit and head leaves it */
    fprintf(f, "%s\n", before);
    fclose(f);
    holds(8);
    write_rows(1);
    holds(9);
}
END_TEST

START_TEST(another_key_does_not_verify)
{
    write_rows(4);
    ck_assert_int_eq(unlink(file("audit.key")), 0);
    char *text = NULL;
    cordon_error *err = NULL;
    ck_assert_int_eq(audit_verify(home, NULL, &text, &err), -CORDON_E_DAMAGED);
    cordon_error_free(err);
    err = NULL;
    struct audit_store s;
    ck_assert_int_eq(audit_store_make(home, &s, &err), -CORDON_E_DAMAGED); /* no new key beside old rows */
    ck_assert_ptr_nonnull(strstr(cordon_error_hint(err), "begin another"));
    cordon_error_free(err);
}
END_TEST

START_TEST(a_changed_key_is_refused)
{
    write_rows(2);
    int fd = open(file("audit.key"), O_RDWR);
    ck_assert_int_eq(pwrite(fd, "x", 1, 5), 1);
    close(fd);
    char *text = NULL;
    ck_assert_int_eq(audit_verify(home, NULL, &text, NULL), -CORDON_E_DAMAGED);
}
END_TEST

START_TEST(what_no_row_can_hold_is_found)
{
    write_rows(4);
    tamper("UPDATE audit SET link = 'short' WHERE seq = 2");
    finds("malformed", 2, 2);
    tamper("UPDATE audit SET skill_name = x'00ff' WHERE seq = 4");
    ck_assert_int_ge(count_findings(), 2);
}
END_TEST

static const char *const odd_numbers[] = {"9223372036854775807", "-9223372036854775808", "0", "-1"};

START_TEST(a_row_of_a_number_that_no_row_gets_is_found_and_nothing_is_reckoned_from_it)
{
    char sql[128];
    struct audit_store s;
    struct audit_head end;
    uint64_t n;
    write_rows(4);
    snprintf(sql, sizeof sql, "UPDATE audit SET seq = %s WHERE seq = %d", odd_numbers[_i], _i ? 1 : 4);
    tamper(sql);
    finds("malformed", strtoll(odd_numbers[_i], NULL, 10), strtoll(odd_numbers[_i], NULL, 10));
    if (_i == 0) {
        ck_assert_int_eq(audit_store_make(home, &s, NULL), -CORDON_E_DAMAGED);
        return;
    }
    open_store(&s);
    ck_assert_int_eq(audit_store_last(&s, &end, NULL), 0);
    ck_assert_int_eq(audit_store_prune(&s, &(struct audit_keep){1, 1}, 1000, &n, NULL), _i == 2 ? 0 : -CORDON_E_DAMAGED);
    audit_store_close(&s);
}
END_TEST

/* ---- pruning ---- */

static uint64_t prune(uint64_t ms, uint64_t rows)
{
    struct audit_store s;
    uint64_t n = 0;
    open_store(&s);
    ck_assert_int_eq(audit_store_prune(&s, &(struct audit_keep){ms, rows}, 1000, &n, NULL), 0);
    audit_store_close(&s);
    return n;
}

static void write_old(int n, uint64_t age_ms)
{
    struct audit_store s;
    open_store(&s);
    for (int i = 0; i < n; i++)
        append(&s, record_at("old", NULL, clock_wall_ms() - age_ms), false);
    audit_store_close(&s);
}

START_TEST(a_pruned_chain_verifies_and_goes_on)
{
    write_rows(10);
    ck_assert_uint_eq(prune(0, 4), 6);
    holds(4);
    write_rows(3);
    holds(7);
    ck_assert_uint_eq(prune(0, 2), 5); /* a checkpoint takes the place of another */
    json_t *j = verify_with(NULL);
    ck_assert_int_eq(number_of(j, "pruned"), 11);
    ck_assert_int_eq(number_of(j, "rows"), 2);
    json_decref(j);
}
END_TEST

START_TEST(rows_are_pruned_by_age)
{
    write_old(5, 100 * 3600 * 1000);
    write_rows(3);
    ck_assert_uint_eq(prune(90ull * 3600 * 1000, 0), 5);
    holds(3);
    ck_assert_uint_eq(prune(90ull * 3600 * 1000, 0), 0);
}
END_TEST

START_TEST(all_rows_may_be_pruned_and_the_chain_goes_on)
{
    write_old(5, 100 * 3600 * 1000);
    ck_assert_uint_eq(prune(3600 * 1000, 0), 5);
    holds(0);
    write_rows(2);
    holds(2);
}
END_TEST

START_TEST(a_checkpoint_that_was_forged_is_found)
{
    write_rows(10);
    tamper("DELETE FROM audit WHERE seq < 4; UPDATE audit SET kind = 'checkpoint', seal = link WHERE seq = 4");
    finds("unsealed", 4, 4);
}
END_TEST

START_TEST(rows_removed_behind_a_checkpoint_are_found)
{
    write_rows(10);
    prune(0, 6);
    tamper("DELETE FROM audit WHERE seq = 5");
    finds("missing", 5, 5);
}
END_TEST

START_TEST(an_old_checkpoint_does_not_stand_for_rows_removed_later)
{
    write_rows(10);
    prune(0, 6);
    tamper("DELETE FROM audit WHERE seq BETWEEN 5 AND 7; UPDATE audit SET seq = 7 WHERE kind = 'checkpoint'");
    finds("unsealed", 7, 7);
}
END_TEST

START_TEST(a_checkpoint_in_the_middle_is_found)
{
    write_rows(10);
    prune(0, 6);
    tamper("UPDATE audit SET kind = 'checkpoint', seal = (SELECT seal FROM audit WHERE seq = 4) WHERE seq = 8");
    finds("unsealed", 8, 8);
}
END_TEST

START_TEST(a_noted_head_that_was_pruned_is_said_to_be)
{
    char noted[AUDIT_HEAD_TEXT];
    write_rows(3);
    read_head(noted);
    write_rows(7);
    prune(0, 2);
    finds_with(noted, "pruned-head", 3, 3);
}
END_TEST

START_TEST(the_head_of_the_checkpoint_itself_can_be_compared)
{
    char noted[AUDIT_HEAD_TEXT];
    write_rows(3);
    read_head(noted);
    write_rows(7);
    prune(0, 7);
    json_t *j = verify_with(noted);
    ck_assert(json_is_true(json_object_get(j, "ok")));
    json_decref(j);
}
END_TEST

/* ---- queries ---- */

static json_t *query(const char *skill, const char *bot, uint32_t limit)
{
    char *text = NULL;
    ck_assert_int_eq(audit_query(home, &(struct audit_query){skill, bot, limit}, &text, NULL), 0);
    json_t *j = json_loads(text, 0, NULL);
    free(text);
    json_t *rows = json_incref(json_object_get(j, "rows"));
    json_decref(j);
    return rows;
}

START_TEST(rows_have_all_that_the_contract_lists)
{
    write_rows(1);
    json_t *rows = query(NULL, NULL, 10), *row = json_array_get(rows, 0);
    static const char *const strings[] = {"invocation_id", "skill_name", "skill_version", "trust_tier", "input_hash", "output_hash", "timestamp", "bot_id"};
    static const char *const numbers[] = {"fuel_consumed", "memory_peak_bytes", "duration_ms"};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        ck_assert_msg(json_is_string(json_object_get(row, strings[i])), "%s", strings[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ck_assert_msg(json_is_integer(json_object_get(row, numbers[i])), "%s", numbers[i]);
    ck_assert(json_is_true(json_object_get(row, "success")));
    ck_assert(json_is_null(json_object_get(row, "error")));
    json_t *used = json_pack("[s, s]", "net", "read");
    ck_assert(json_equal(json_object_get(row, "capabilities_used"), used));
    /* printf 'an answer' | sha256sum */
    ck_assert_str_eq(json_string_value(json_object_get(row, "output_hash")), "ee9555184346cf42bc9ef6619d764c88f4c193f8fabbbffc0cceacfa44a9dd35");
    json_decref(used);
    json_decref(rows);
}
END_TEST

START_TEST(rows_are_found_by_skill_and_by_bot_newest_first)
{
    write_rows(9);
    json_t *rows = query("even", NULL, 10);
    ck_assert_uint_eq(json_array_size(rows), 5);
    ck_assert_int_eq(number_of(json_array_get(rows, 0), "seq"), 9);
    ck_assert_int_eq(number_of(json_array_get(rows, 4), "seq"), 1);
    json_decref(rows);
    rows = query(NULL, "ada", 10);
    ck_assert_uint_eq(json_array_size(rows), 3);
    json_decref(rows);
    rows = query("odd", "ada", 10);
    ck_assert_uint_eq(json_array_size(rows), 1);
    json_decref(rows);
    rows = query(NULL, NULL, 2);
    ck_assert_uint_eq(json_array_size(rows), 2);
    json_decref(rows);
    rows = query("'; DROP TABLE audit; --", NULL, 2);
    ck_assert_uint_eq(json_array_size(rows), 0);
    json_decref(rows);
}
END_TEST

START_TEST(a_call_that_began_and_has_no_end_is_shown_as_unfinished)
{
    struct audit_store s;
    open_store(&s);
    struct audit_told t = {.kind = AUDIT_STARTED, .invocation_id = "018f0000-0000-7000-8000-000000000001", .skill = "s", .tier = "untrusted"};
    append(&s, audit_record_new(&t), true);
    json_t *rows = query("s", NULL, 10);
    ck_assert_uint_eq(json_array_size(rows), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 0), "outcome")), "unfinished");
    ck_assert(json_is_null(json_object_get(json_array_get(rows, 0), "success")));
    json_decref(rows);
    t.kind = AUDIT_CALL;
    t.outcome = "ok";
    append(&s, audit_record_new(&t), false);
    rows = query("s", NULL, 10);
    ck_assert_uint_eq(json_array_size(rows), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 0), "outcome")), "ok");
    json_decref(rows);
    audit_store_close(&s);
    holds(2);
}
END_TEST

START_TEST(a_guests_own_words_are_kept_as_a_hash_alone)
{
    struct audit_store s;
    open_store(&s);
    append(&s, audit_record_new(&(struct audit_told){.kind = AUDIT_CALL, .invocation_id = "018f0000-0000-7000-8000-000000000001", .skill = "s", .tier = "untrusted", .outcome = "err",
                                                     .error_id = "err", .error_words = "the skill returned an error", .guest_text = "my password", .guest_len = 11}), false);
    audit_store_close(&s);
    json_t *rows = query(NULL, NULL, 1);
    const char *error = json_string_value(json_object_get(json_array_get(rows, 0), "error"));
    /* printf 'my password' | sha256sum */
    ck_assert_str_eq(error, "err: the skill returned an error (sha256:bb14292d91c6d0920a5536bb41f3a50f66351b7b9d94c804dfce8a96ca1051f2)");
    json_decref(rows);
}
END_TEST

START_TEST(a_long_output_has_the_hash_of_all_of_it)
{
    struct audit_store s;
    size_t len = AUDIT_COPIED_MAX + 1;
    char *output = malloc(len);
    memset(output, 'x', len);
    open_store(&s);
    struct audit_record *r = audit_record_new(&(struct audit_told){.kind = AUDIT_CALL, .invocation_id = "018f0000-0000-7000-8000-000000000001", .skill = "s", .tier = "untrusted",
                                                                   .outcome = "ok", .output = output, .output_len = len});
    ck_assert_uint_lt(r->bytes, 4096);
    append(&s, r, false);
    free(output);
    audit_store_close(&s);
    json_t *rows = query(NULL, NULL, 1);
    /* head -c 65537 /dev/zero | tr '\0' x | sha256sum */
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 0), "output_hash")), "1abe08ebecf1c18cab71f6fe28aaddf20268f85bad78bb9a72f88ca47c874662");
    json_decref(rows);
}
END_TEST

/* ---- processes ---- */

static void write_until_killed(void)
{
    struct audit *a = NULL;
    if (audit_new(home, &(struct audit_keep){.rows = 50}, &a, NULL) < 0)
        _exit(1);
    for (int i = 0;; i++) {
        struct audit_record *r = record("busy", NULL);
        r->urgent = i % 7 == 0;
        audit_put(a, r);
        if (i % 40 == 0)
            audit_flush(a, NULL);
    }
}

START_TEST(a_kill_at_any_moment_leaves_a_chain_that_verifies)
{
    unsigned seed = 7;
    for (int i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0)
            write_until_killed();
        usleep((useconds_t)(rand_r(&seed) % 30000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        json_t *j = verify_with(NULL);
        char *all = json_dumps(j, 0);
        ck_assert_msg(json_is_true(json_object_get(j, "ok")) && number_of(j, "gaps") == 0, "after kill %d: %s", i, all);
        free(all);
        json_decref(j);
    }
    json_t *rows = query(NULL, NULL, 5);
    ck_assert_uint_gt(json_array_size(rows), 0);
    json_decref(rows);
}
END_TEST

START_TEST(processes_that_write_at_once_make_one_chain)
{
    enum { WRITERS = 4, EACH = 50 };
    for (int i = 0; i < WRITERS; i++) {
        if (fork() == 0) {
            struct audit_store s;
            if (audit_store_make(home, &s, NULL) < 0)
                _exit(1);
            for (int n = 0; n < EACH; n++) {
                struct audit_record *r = record("many", NULL);
                if (audit_store_append(&s, r, false, NULL) < 0)
                    _exit(2);
                audit_record_free(r);
            }
            audit_store_close(&s);
            _exit(0);
        }
    }
    for (int i = 0, status; i < WRITERS; i++) {
        wait(&status);
        ck_assert_int_eq(status, 0);
    }
    holds(WRITERS * EACH);
}
END_TEST

START_TEST(what_was_put_is_on_disk_after_a_flush)
{
    struct audit *a = NULL;
    ck_assert_int_eq(audit_new(home, &(struct audit_keep){0}, &a, NULL), 0);
    for (int i = 0; i < 100; i++)
        audit_put(a, record("s", NULL));
    ck_assert_int_eq(audit_flush(a, NULL), 0);
    holds(100);
    audit_put(a, record("s", NULL));
    audit_free(a);
    holds(101);
}
END_TEST

START_TEST(an_audit_that_others_can_read_is_refused)
{
    struct audit_store s;
    write_rows(1);
    ck_assert_int_eq(chmod(file("audit.db"), 0644), 0);
    ck_assert_int_eq(audit_store_make(home, &s, NULL), -CORDON_E_UNSAFE_PATH);
}
END_TEST

START_TEST(an_audit_of_a_newer_cordon_is_left_alone)
{
    struct audit_store s;
    write_rows(1);
    tamper("PRAGMA user_version = 9");
    ck_assert_int_eq(audit_store_make(home, &s, NULL), -CORDON_E_NEWER_HOME);
}
END_TEST

START_TEST(heads_are_read_as_they_are_written_and_in_no_other_form)
{
    static const char *const bad[] = {
        "", ":", "5", "5:", "5:00", "-1:0000000000000000000000000000000000000000000000000000000000000000",
        "5:000000000000000000000000000000000000000000000000000000000000000g", "5:00000000000000000000000000000000000000000000000000000000000000000",
        "9999999999999999999:0000000000000000000000000000000000000000000000000000000000000000",
    };
    struct audit_head h = {.seq = 42}, back;
    char text[AUDIT_HEAD_TEXT];
    memset(h.hash, 0xab, sizeof h.hash);
    audit_head_print(&h, text);
    ck_assert(audit_head_parse(text, strlen(text), &back));
    ck_assert_int_eq(back.seq, 42);
    ck_assert_int_eq(memcmp(back.hash, h.hash, sizeof h.hash), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!audit_head_parse(bad[i], strlen(bad[i]), &back), "%s", bad[i]);
}
END_TEST

Suite *suite_audit(void)
{
    Suite *s = suite_create("audit");
    TCase *chain = tcase_create("chain"), *old = tcase_create("prune"), *ask = tcase_create("query"), *many = tcase_create("processes");
    TCase *const cases[] = {chain, old, ask, many};
    tcase_add_test(chain, a_chain_that_nobody_touched_verifies);
    tcase_add_test(chain, an_audit_that_never_began_verifies_and_has_no_head);
    tcase_add_test(chain, an_edited_row_is_found_whatever_column_it_was);
    tcase_add_test(chain, an_edited_row_does_not_hide_the_next_one);
    tcase_add_test(chain, a_removed_row_is_found);
    tcase_add_test(chain, a_removed_row_is_found_when_those_behind_it_are_numbered_anew);
    tcase_add_test(chain, a_removed_beginning_is_found);
    tcase_add_test(chain, an_inserted_row_is_found);
    tcase_add_test(chain, a_row_put_behind_the_last_is_found);
    tcase_add_test(chain, rows_in_another_order_are_found);
    tcase_add_test(chain, a_cut_tail_is_found_by_the_head);
    tcase_add_test(chain, a_cut_tail_is_found_by_a_head_noted_elsewhere_when_the_file_was_put_back_too);
    tcase_add_test(chain, a_chain_that_was_rewritten_with_the_key_is_found_by_a_head_noted_elsewhere);
    tcase_add_test(chain, a_head_cannot_be_made_of_what_the_rows_say);
    tcase_add_test(chain, a_head_that_was_removed_is_found);
    tcase_add_test(chain, what_is_written_behind_a_cut_tail_tells_of_it);
    tcase_add_test(chain, a_head_that_is_behind_the_chain_is_none_of_anybodys_doing);
    tcase_add_test(chain, another_key_does_not_verify);
    tcase_add_test(chain, a_changed_key_is_refused);
    tcase_add_test(chain, what_no_row_can_hold_is_found);
    tcase_add_loop_test(chain, a_row_of_a_number_that_no_row_gets_is_found_and_nothing_is_reckoned_from_it, 0, 4);
    tcase_add_test(chain, an_audit_that_others_can_read_is_refused);
    tcase_add_test(chain, an_audit_of_a_newer_cordon_is_left_alone);
    tcase_add_test(chain, heads_are_read_as_they_are_written_and_in_no_other_form);
    tcase_add_test(old, a_pruned_chain_verifies_and_goes_on);
    tcase_add_test(old, rows_are_pruned_by_age);
    tcase_add_test(old, all_rows_may_be_pruned_and_the_chain_goes_on);
    tcase_add_test(old, a_checkpoint_that_was_forged_is_found);
    tcase_add_test(old, rows_removed_behind_a_checkpoint_are_found);
    tcase_add_test(old, an_old_checkpoint_does_not_stand_for_rows_removed_later);
    tcase_add_test(old, a_checkpoint_in_the_middle_is_found);
    tcase_add_test(old, a_noted_head_that_was_pruned_is_said_to_be);
    tcase_add_test(old, the_head_of_the_checkpoint_itself_can_be_compared);
    tcase_add_test(ask, rows_have_all_that_the_contract_lists);
    tcase_add_test(ask, rows_are_found_by_skill_and_by_bot_newest_first);
    tcase_add_test(ask, a_call_that_began_and_has_no_end_is_shown_as_unfinished);
    tcase_add_test(ask, a_guests_own_words_are_kept_as_a_hash_alone);
    tcase_add_test(ask, a_long_output_has_the_hash_of_all_of_it);
    tcase_add_test(many, a_kill_at_any_moment_leaves_a_chain_that_verifies);
    tcase_add_test(many, processes_that_write_at_once_make_one_chain);
    tcase_add_test(many, what_was_put_is_on_disk_after_a_flush);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcase_add_checked_fixture(cases[i], setup, teardown);
        tcase_set_timeout(cases[i], 120);
        suite_add_tcase(s, cases[i]);
    }
    return s;
}
