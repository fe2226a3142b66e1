/* SPDX-License-Identifier: Apache-2.0
 * What bots remember: found by its words, each bot alone, within its bounds, whatever is asked and whatever the file holds. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "keep/memory.h"
#include "keep/memory_query.h"
#include "keep/recall.h"
#include "host/powers.h"
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

Suite *suite_memory(void);

static char root[64], home[96];

static void setup(void)
{
    strcpy(root, "/tmp/cordon-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(home, sizeof home, "%s/home", root);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void teardown(void) { nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static const char *db_file(const char *slug)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/memory/%s.db", home, slug);
    return path;
}

static struct db_patience in_ms(uint64_t ms) { return (struct db_patience){.deadline_ns = clock_now_ns() + ms * 1000000}; }

static int64_t add(const char *slug, const char *text)
{
    const struct db_patience p = in_ms(30000);
    cordon_error *err = NULL;
    int64_t id = 0;
    int r = memory_add(home, slug, text, strlen(text), &p, &id, &err);
    ck_assert_msg(r == 0, "%s", err ? cordon_error_message(err) : "");
    return id;
}

/* How many; negative on error. Texts go to `ret`, a line each. */
static int search_n(const char *slug, const char *query, size_t len, uint32_t limit, char *ret, size_t size)
{
    const struct db_patience p = in_ms(30000);
    struct memory_rows rows;
    int r = memory_search(home, slug, query, len, limit, MEMORY_BYTES_MAX, &p, &rows, NULL);
    if (r < 0)
        return r;
    size_t at = 0;
    if (size)
        ret[0] = '\0';
    for (size_t i = 0; i < rows.n; i++) {
        ck_assert(text_is_utf8(rows.item[i].text, rows.item[i].len));
        if (size > at)
            at += (size_t)snprintf(ret + at, size - at, "%s\n", rows.item[i].text);
    }
    r = (int)rows.n;
    memory_rows_finish(&rows);
    return r;
}

static void finds(const char *slug, const char *query, const char *lines)
{
    char found[4096];
    ck_assert_int_ge(search_n(slug, query, strlen(query), 32, found, sizeof found), 0);
    ck_assert_str_eq(found, lines);
}

START_TEST(texts_are_found_by_their_words_best_first)
{
    add("a", "the cat sat on the mat");
    add("a", "a dog, and another dog");
    add("a", "cats and dogs: one dog, one cat, one more cat");
    finds("a", "Dog", "a dog, and another dog\ncats and dogs: one dog, one cat, one more cat\n");
    finds("a", "mat", "the cat sat on the mat\n");
    finds("a", "what is a cat?", "a dog, and another dog\ncats and dogs: one dog, one cat, one more cat\nthe cat sat on the mat\n");
    finds("a", "cat", "cats and dogs: one dog, one cat, one more cat\nthe cat sat on the mat\n");
    finds("a", "elephant", "");
}
END_TEST

START_TEST(an_empty_query_finds_the_newest)
{
    char found[256];
    add("a", "1");
    add("a", "2");
    add("a", "3");
    finds("a", "", "3\n2\n1\n");
    ck_assert_int_eq(search_n("a", "", 0, 2, found, sizeof found), 2);
    ck_assert_str_eq(found, "3\n2\n");
    finds("a", "?!", "");
}
END_TEST

START_TEST(words_beyond_ascii_are_found)
{
    add("a", "Die Stra\xc3\x9f""e nach Z\xc3\xbcrich");
    add("a", "\xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0");
    finds("a", "zurich", "Die Stra\xc3\x9f""e nach Z\xc3\xbcrich\n");
    finds("a", "\xd0\x9c\xd0\x9e\xd0\xa1\xd0\x9a\xd0\x92\xd0\x90", "\xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0\n");
}
END_TEST

START_TEST(one_bot_does_not_find_what_another_remembers)
{
    add("a", "the code is 1234");
    add("b", "the code is 5678");
    finds("a", "code", "the code is 1234\n");
    finds("b", "", "the code is 5678\n");
    finds("c", "code", "");
    ck_assert_int_ne(access(db_file("c"), F_OK), 0);
}
END_TEST

static const char *const hostile[] = {
    "\"", "\"\"", "\"\"\"", "'", "*", "code*", "^code", "code AND", "AND", "OR OR OR", "NOT code", "NEAR(code 1234, 5)", "NEAR(", "text:code", "{text}:code", "- {text} : code",
    "added_at:1", "recall MATCH 'x'", "code\" OR \"1", "\" OR rowid > 0 OR \"", "; DROP TABLE recall", "code'); --", "(((((((((((", "code + 1234", "rank:bm25", "\\", "%", "\x01\x1b[31m",
    "\xe2\x80\x9c""code\xe2\x80\x9d", "\xe3\x80\x80", "\xf0\x9f\x98\x80", "\xcc\x81\xcc\x81\xcc\x81",
};

START_TEST(syntax_in_a_query_is_text)
{
    add("a", "the code is 1234");
    add("a", "something else");
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        int n = search_n("a", hostile[i], strlen(hostile[i]), 32, NULL, 0);
        bool names_it = strstr(hostile[i], "code") || strstr(hostile[i], "1234");
        bool other_way = strstr(hostile[i], "\xe2\x80\x9c") || strstr(hostile[i], "\x01"); /* quotes that are no ASCII are of the word */
        ck_assert_msg(n >= 0 && (other_way || n == names_it), "%s: %d", hostile[i], n);
    }
    ck_assert_int_eq(search_n("a", "\0code", 5, 32, NULL, 0), 1);
    ck_assert_int_eq(search_n("a", "", 0, 32, NULL, 0), 2);
}
END_TEST

START_TEST(a_query_is_words_in_quotes_and_no_more_than_a_ceiling)
{
    struct buf b;
    char long_one[1000], many[8000];
    buf_init(&b, QUERY_TEXT_MAX);
    ck_assert_uint_eq(memory_query(&b, "a\"b c*", 6), 3);
    ck_assert_str_eq(b.data, "\"a\" OR \"b\" OR \"c\"");
    buf_cut(&b, 0);
    memset(long_one, 'x', sizeof long_one);
    ck_assert_uint_eq(memory_query(&b, long_one, sizeof long_one), 1);
    ck_assert_uint_eq(b.len, QUERY_TERM_MAX + 2);
    buf_cut(&b, 0);
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 200 == 199 ? ' ' : '\xc3' - (i % 2 ? 0x1a : 0); /* two bytes each, cut between two */
    unsigned n = memory_query(&b, many, sizeof many);
    ck_assert(n == QUERY_TERMS_MAX && !b.full);
    buf_finish(&b);
}
END_TEST

START_TEST(at_most_32_rows_and_64_kib)
{
    static char text[30000];
    char small[32];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "word ", 5);
    for (int i = 0; i < 40; i++) {
        snprintf(small, sizeof small, "word %d", i);
        add("a", small);
    }
    ck_assert_int_eq(search_n("a", "word", 4, UINT32_MAX, NULL, 0), 32);
    ck_assert_int_eq(search_n("a", "word", 4, 5, NULL, 0), 5);
    ck_assert_int_eq(search_n("a", "word", 4, 0, NULL, 0), 0);
    for (int i = 0; i < 3; i++)
        add("b", text);
    add("b", "word of a few bytes");
    ck_assert_int_eq(search_n("b", "word", 4, 32, NULL, 0), 3);
    const struct db_patience p = in_ms(30000);
    struct memory_rows rows;
    ck_assert_int_eq(memory_search(home, "b", "word", 4, 32, 20, &p, &rows, NULL), 0);
    ck_assert_uint_eq(rows.n, 1);
    ck_assert_str_eq(rows.item[0].text, "word of a few bytes");
    memory_rows_finish(&rows);
}
END_TEST

START_TEST(what_may_be_added)
{
    const struct db_patience p = in_ms(30000);
    int64_t id;
    char *big = malloc(MEMORY_TEXT_MAX + 1);
    memset(big, 'x', MEMORY_TEXT_MAX + 1);
    ck_assert_int_eq(memory_add(home, "a", "", 0, &p, &id, NULL), -CORDON_E_USAGE);
    ck_assert_int_eq(memory_add(home, "a", "\xff", 1, &p, &id, NULL), -CORDON_E_USAGE);
    ck_assert_int_eq(memory_add(home, "a", big, MEMORY_TEXT_MAX + 1, &p, &id, NULL), -CORDON_E_TOO_LARGE);
    ck_assert_int_ne(access(home, F_OK), 0);
    ck_assert_int_eq(memory_add(home, "a", big, MEMORY_TEXT_MAX, &p, &id, NULL), 0);
    ck_assert_int_eq(search_n("a", "", 0, 32, NULL, 0), 1);
    free(big);
}
END_TEST

START_TEST(there_is_an_end_to_what_a_bot_remembers)
{
    const struct db_patience p = in_ms(60000);
    struct db db;
    cordon_error *err = NULL;
    int64_t id;
    add("a", "first");
    ck_assert_int_eq(memory_db_open(home, "a", DB_CHANGE, &p, &db, NULL), 1);
    ck_assert_int_eq(db_run(&db, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO recall (text, added_at) SELECT 'text ' || i, 0 FROM n",
                                   &err), 0);
    db_close(&db);
    ck_assert_int_eq(memory_add(home, "a", "one more", 8, &p, &id, &err), -CORDON_E_TOO_LARGE);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "10000"));
    cordon_error_free(err);
    ck_assert_int_eq(search_n("a", "text", 4, 32, NULL, 0), 32);
    ck_assert_int_eq(memory_remove(home, "a", 17, &p, NULL), 1);
    add("a", "one more");
}
END_TEST

START_TEST(what_is_removed_is_found_no_more)
{
    const struct db_patience p = in_ms(30000);
    int64_t one = add("a", "red"), two = add("a", "green");
    ck_assert_int_eq(memory_remove(home, "a", one, &p, NULL), 1);
    ck_assert_int_eq(memory_remove(home, "a", one, &p, NULL), 0);
    ck_assert_int_eq(memory_remove(home, "a", -1, &p, NULL), 0);
    ck_assert_int_eq(memory_remove(home, "nobody", 1, &p, NULL), 0);
    finds("a", "red", "");
    finds("a", "green", "green\n");
    ck_assert_int_ne(one, two);
}
END_TEST

START_TEST(files_are_the_users_alone)
{
    struct stat st;
    umask(0);
    add("a", "text");
    search_n("a", "text", 4, 1, NULL, 0);
    char pattern[160];
    snprintf(pattern, sizeof pattern, "test -z \"$(find %s -type f ! -perm 600 -o -type d ! -perm 700)\"", home);
    ck_assert_int_eq(system(pattern), 0);
    ck_assert_int_eq(chmod(db_file("a"), 0644), 0);
    ck_assert_int_eq(search_n("a", "text", 4, 1, NULL, 0), -CORDON_E_UNSAFE_PATH);
    ck_assert(!stat(db_file("a"), &st) && !unlink(db_file("a")) && !symlink("/etc/passwd", db_file("a")));
    ck_assert_int_eq(search_n("a", "text", 4, 1, NULL, 0), -CORDON_E_UNSAFE_PATH);
}
END_TEST

/* ---- damage ---- */

static char *read_db(size_t *ret_len)
{
    char *data = malloc(1 << 20);
    cleanup_fd int fd = open(db_file("a"), O_RDONLY);
    ssize_t n = read(fd, data, 1 << 20);
    ck_assert_int_gt(n, 0);
    *ret_len = (size_t)n;
    return data;
}

static void write_db(const char *data, size_t len)
{
    cleanup_fd int fd = open(db_file("a"), O_WRONLY | O_TRUNC);
    ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
}

/* An answer, or an error that says what is wrong; also for who writes. */
static void use(void)
{
    const struct db_patience p = in_ms(30000);
    cordon_error *err = NULL;
    struct memory_rows rows;
    int r = memory_search(home, "a", "some words", 10, 32, MEMORY_BYTES_MAX, &p, &rows, &err);
    ck_assert_msg(r == 0 || r == -CORDON_E_DAMAGED || r == -CORDON_E_NEWER_HOME || r == -CORDON_E_IO, "%d %s", r, cordon_error_message(err));
    ck_assert((r < 0) == (err != NULL));
    if (r == 0)
        memory_rows_finish(&rows);
    cordon_error_free(err);
}

START_TEST(a_change_of_any_byte_is_borne)
{
    char text[256];
    size_t len;
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "some words of text %d, and some words more", i);
        add("a", text);
    }
    char *data = read_db(&len);
    for (size_t at = 0; at < len; at += at < 200 ? 1 : 23) {
        data[at] ^= 0x55;
        write_db(data, len);
        use();
        data[at] ^= 0x55;
    }
    for (size_t n = 0; n < len; n += 1021) {
        write_db(data, n);
        use();
    }
    free(data);
}
END_TEST

START_TEST(a_damaged_one_does_not_harm_who_writes)
{
    const struct db_patience p = in_ms(30000);
    size_t len;
    int64_t id;
    add("a", "some words");
    char *data = read_db(&len);
    for (size_t at = 0; at < len; at += at < 100 ? 3 : 211) {
        data[at] ^= 0x55;
        write_db(data, len);
        int r = memory_add(home, "a", "x", 1, &p, &id, NULL);
        ck_assert_int_ne(r, -CORDON_E_HOST_BUG);
        data[at] ^= 0x55;
        unlink("memory/a.db-wal");
    }
    free(data);
}
END_TEST

START_TEST(another_programs_database_is_refused)
{
    const struct db_patience p = in_ms(30000);
    struct db db;
    cordon_error *err = NULL;
    add("a", "x");
    ck_assert_int_eq(memory_db_open(home, "a", DB_CHANGE, &p, &db, NULL), 1);
    ck_assert_int_eq(db_run(&db, "PRAGMA user_version = 2", NULL), 0);
    db_close(&db);
    ck_assert_int_eq(memory_db_open(home, "a", DB_READ, &p, &db, &err), -CORDON_E_NEWER_HOME);
    ck_assert_ptr_nonnull(strstr(cordon_error_message(err), "newer version"));
    cordon_error_free(err);
    write_db("this is no database at all, but a text of some length, and so on and so on and so on and so on and so on", 100);
    ck_assert_int_eq(search_n("a", "x", 1, 1, NULL, 0), -CORDON_E_DAMAGED);
}
END_TEST

START_TEST(the_file_cannot_run_code_of_its_own)
{
    const struct db_patience p = in_ms(30000);
    struct db db;
    add("a", "x");
    ck_assert_int_eq(memory_db_open(home, "a", DB_CHANGE, &p, &db, NULL), 1);
    static const char *const bad[] = {"SELECT load_extension('x')", "ATTACH '/tmp/x' AS y", "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'x'",
                                      "DELETE FROM recall_data", "CREATE VIEW v AS SELECT 1; SELECT * FROM v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_lt(db_run(&db, bad[i], NULL), 0);
    db_close(&db);
    ck_assert_int_eq(memory_db_open(home, "a", DB_READ, &p, &db, NULL), 1);
    ck_assert_int_lt(db_run(&db, "DELETE FROM recall", NULL), 0);
    db_close(&db);
}
END_TEST

/* ---- time ---- */

START_TEST(who_waits_for_a_writer_gives_up_at_the_deadline)
{
    const struct db_patience p = in_ms(60000), little = in_ms(200);
    struct db db;
    int64_t id;
    add("a", "x");
    ck_assert_int_eq(memory_db_open(home, "a", DB_CHANGE, &p, &db, NULL), 1);
    ck_assert_int_eq(db_run(&db, "BEGIN EXCLUSIVE", NULL), 0);
    uint64_t begin = clock_now_ns();
    ck_assert_int_eq(memory_add(home, "a", "y", 1, &little, &id, NULL), -CORDON_E_IO);
    ck_assert_uint_lt(clock_now_ns() - begin, 20ull * 1000000000);
    ck_assert_int_eq(search_n("a", "x", 1, 1, NULL, 0), 1); /* a reader does not wait */
    db_close(&db);
}
END_TEST

START_TEST(a_long_search_ends_when_it_is_stopped_or_its_time_is_over)
{
    const struct db_patience p = in_ms(60000);
    struct db db;
    struct memory_rows rows;
    atomic_bool stop = false;
    add("a", "x");
    ck_assert_int_eq(memory_db_open(home, "a", DB_CHANGE, &p, &db, NULL), 1);
    ck_assert_int_eq(db_run(&db, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO recall (text, added_at) SELECT 'text ' || i, 0 FROM n",
                                   NULL), 0);
    db.patience.stop = &stop;
    ck_assert_int_eq(memory_find(&db, "text", 4, 32, MEMORY_BYTES_MAX, &rows, NULL), 0);
    memory_rows_finish(&rows);
    atomic_store(&stop, true);
    ck_assert_int_eq(memory_find(&db, "text", 4, 32, MEMORY_BYTES_MAX, &rows, NULL), -CORDON_E_IO);
    atomic_store(&stop, false);
    db.patience.deadline_ns = clock_now_ns();
    ck_assert_int_eq(memory_find(&db, "text", 4, 32, MEMORY_BYTES_MAX, &rows, NULL), -CORDON_E_IO);
    db_close(&db);
}
END_TEST

/* ---- several at once, and a kill ---- */

enum { WRITERS = 4, ROUNDS = 20 };

static void write_many(int id)
{
    const struct db_patience p = in_ms(60000);
    char text[32];
    int64_t ret;
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, "number%dx%d", id, i);
        if (memory_add(home, "a", text, strlen(text), &p, &ret, NULL) < 0)
            _exit(1);
    }
    _exit(0);
}

START_TEST(writers_at_once_lose_nothing)
{
    char text[32];
    int status;
    for (int id = 0; id < WRITERS; id++)
        if (!fork())
            write_many(id);
    for (int id = 0; id < WRITERS; id++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    for (int n = 0; n < WRITERS * ROUNDS; n++) {
        snprintf(text, sizeof text, "number%dx%d", n / ROUNDS, n % ROUNDS);
        ck_assert_int_eq(search_n("a", text, strlen(text), 32, NULL, 0), 1);
    }
}
END_TEST

static void write_for_ever(void)
{
    const struct db_patience p = in_ms(60000);
    char text[4096];
    int64_t id;
    memset(text, 'x', sizeof text);
    memcpy(text, "whole ", 6);
    memcpy(text + sizeof text - 6, " whole", 6);
    while (memory_add(home, "a", text, sizeof text, &p, &id, NULL) == 0)
        ;
    _exit(1);
}

START_TEST(a_kill_leaves_what_was_added_and_nothing_half)
{
    const struct db_patience p = in_ms(60000);
    for (int i = 0; i < 50; i++) {
        struct memory_rows rows;
        cordon_error *err = NULL;
        int status;
        pid_t pid = fork();
        if (!pid)
            write_for_ever();
        usleep((useconds_t)(i * 997 % 30000));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        ck_assert(WIFSIGNALED(status));
        int r = memory_search(home, "a", "whole", 5, 32, MEMORY_BYTES_MAX, &p, &rows, &err);
        ck_assert_msg(r == 0, "%s", err ? cordon_error_message(err) : "");
        for (size_t n = 0; n < rows.n; n++)
            ck_assert_uint_eq(rows.item[n].len, 4096);
        memory_rows_finish(&rows);
    }
    add("a", "afterwards");
    finds("a", "afterwards", "afterwards\n");
}
END_TEST

/* ---- for the calls of a request ---- */

static int recalls(struct recall *r, const char *slug, char *ret, size_t size)
{
    const struct db_patience p = in_ms(30000);
    struct memory_rows rows;
    ck_assert_int_eq(recall_search(r, slug, "word", 4, 32, MEMORY_BYTES_MAX, &p, &rows, NULL), 0);
    size_t at = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < rows.n; i++)
        at += (size_t)snprintf(ret + at, size - at, "%s\n", rows.item[i].text);
    int n = (int)rows.n;
    memory_rows_finish(&rows);
    return n;
}

START_TEST(what_is_held_is_as_it_was_and_all_else_as_it_is)
{
    char found[256];
    struct recall *r = recall_new(home);
    add("a", "word one");
    add("b", "word of b");
    ck_assert_int_eq(recall_hold(r, "a", NULL), 0);
    add("a", "word two");
    add("b", "word three of b");
    ck_assert_int_eq(recalls(r, "a", found, sizeof found), 1);
    ck_assert_int_eq(recalls(r, "b", found, sizeof found), 2);
    ck_assert_int_eq(recall_hold(r, "a", NULL), 0);
    ck_assert_int_eq(recalls(r, "a", found, sizeof found), 2);
    ck_assert_int_eq(recall_hold(r, "nobody", NULL), 0);
    ck_assert_int_eq(recalls(r, "nobody", found, sizeof found), 0);
    recall_unref(r);
}
END_TEST

static void grants(struct powers *p, const char *text)
{
    struct grant g = {0};
    ck_assert_int_eq(grant_parse(text, NULL, &g, NULL), 0);
    ck_assert_int_eq(powers_grant(p, &g, NULL), 0);
    grant_finish(&g);
}

START_TEST(whose_memory_a_call_may_recall)
{
    static const struct { const char *first, *second, *bot, *slug; } rows[] = {
        {"memory", NULL, "A Bot", "a-bot"}, {"memory", NULL, NULL, NULL}, {"memory", NULL, "", NULL}, {"memory=a_bot", NULL, "A Bot", "a-bot"},
        {"memory=b", NULL, "a", NULL}, {"memory=b", NULL, NULL, "b"}, {"memory=b", "memory=c", "", "b"}, {"memory=b", "memory=c", "C", "c"},
        {"memory", "memory=b", NULL, "b"}, {"memory", "memory=b", "a", "a"}, {"memory=b", "memory", "\xe5\xa4\xa9", NULL}, {"secret=a", "exec", "a", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char slug[TEXT_SLUG_MAX + 1];
        struct powers *p = powers_new();
        grants(p, rows[i].first);
        if (rows[i].second)
            grants(p, rows[i].second);
        ck_assert_msg(powers_recalls(p, rows[i].bot, slug) == (rows[i].slug != NULL), "row %zu", i);
        if (rows[i].slug)
            ck_assert_str_eq(slug, rows[i].slug);
        powers_unref(p);
    }
}
END_TEST

Suite *suite_memory(void)
{
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("memory");
    tcase_set_timeout(t, 180);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, texts_are_found_by_their_words_best_first);
    tcase_add_test(t, an_empty_query_finds_the_newest);
    tcase_add_test(t, words_beyond_ascii_are_found);
    tcase_add_test(t, one_bot_does_not_find_what_another_remembers);
    tcase_add_test(t, syntax_in_a_query_is_text);
    tcase_add_test(t, a_query_is_words_in_quotes_and_no_more_than_a_ceiling);
    tcase_add_test(t, at_most_32_rows_and_64_kib);
    tcase_add_test(t, what_may_be_added);
    tcase_add_test(t, there_is_an_end_to_what_a_bot_remembers);
    tcase_add_test(t, what_is_removed_is_found_no_more);
    tcase_add_test(t, files_are_the_users_alone);
    tcase_add_test(t, a_change_of_any_byte_is_borne);
    tcase_add_test(t, a_damaged_one_does_not_harm_who_writes);
    tcase_add_test(t, another_programs_database_is_refused);
    tcase_add_test(t, the_file_cannot_run_code_of_its_own);
    tcase_add_test(t, who_waits_for_a_writer_gives_up_at_the_deadline);
    tcase_add_test(t, a_long_search_ends_when_it_is_stopped_or_its_time_is_over);
    tcase_add_test(t, writers_at_once_lose_nothing);
    tcase_add_test(t, a_kill_leaves_what_was_added_and_nothing_half);
    tcase_add_test(t, what_is_held_is_as_it_was_and_all_else_as_it_is);
    tcase_add_test(t, whose_memory_a_call_may_recall);
    suite_add_tcase(s, t);
    return s;
}
