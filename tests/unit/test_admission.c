/* SPDX-License-Identifier: Apache-2.0
 * Admission: never more than the pool, nobody starves, everything is given back. */
#include "sched/admission.h"
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NEED(calls, memories, tables) \
    ((struct admission_need){ { [ADMIT_CALLS] = (calls), [ADMIT_MEMORIES] = (memories), [ADMIT_TABLES] = (tables) } })
#define CALLS(x) ((struct admission_need){ { [ADMIT_CALLS] = (x) } })
static const struct admission_need one = { { [ADMIT_CALLS] = 1, [ADMIT_MEMORIES] = 1, [ADMIT_TABLES] = 1 } };

struct guest {
    struct admission_waiter waiter;
    int granted;
    int order;
    int *counter;
};

static void on_granted(struct admission_waiter *w)
{
    struct guest *g = (struct guest *)((char *)w - offsetof(struct guest, waiter));
    g->granted++;
    g->order = ++*g->counter;
}

static struct admission *make(uint32_t calls)
{
    struct admission *a = NULL;
    struct admission_need total = NEED(calls, calls, calls);
    ck_assert_int_eq(admission_new(&total, &a, NULL), 0);
    return a;
}

static void wait_for(struct admission *a, struct admission_share *s, struct guest *g, struct admission_need need, int *counter)
{
    *g = (struct guest){ .waiter = { .need = need, .granted = on_granted }, .counter = counter };
    admission_wait(a, s, &g->waiter);
}

START_TEST(a_lone_skill_gets_the_pool_less_an_eighth)
{
    struct admission *a = make(16);
    struct admission_share s = { 0 };
    for (int i = 0; i < 14; i++)
        ck_assert(admission_try(a, &s, &one));
    ck_assert(!admission_try(a, &s, &one));
    admission_release(a, &s, &one);
    ck_assert(admission_try(a, &s, &one));
    for (int i = 0; i < 14; i++)
        admission_release(a, &s, &one);
    ck_assert_uint_eq(s.users, 0);
    admission_free(a);
}
END_TEST

START_TEST(two_skills_get_half_each)
{
    struct admission *a = make(16);
    struct admission_share s = { 0 }, t = { 0 };
    ck_assert(admission_try(a, &t, &one));
    for (int i = 0; i < 8; i++)
        ck_assert(admission_try(a, &s, &one));
    ck_assert(!admission_try(a, &s, &one));
    for (int i = 1; i < 8; i++)
        ck_assert(admission_try(a, &t, &one));
    ck_assert(!admission_try(a, &t, &one));
    for (int i = 0; i < 8; i++)
        admission_release(a, &t, &one);
    ck_assert_msg(admission_try(a, &s, &one), "alone again, it may have more than half");
    admission_free(a);
}
END_TEST

START_TEST(a_newcomer_finds_room_beside_a_skill_that_took_all_it_could)
{
    struct admission *a = make(16);
    struct admission_share s = { 0 }, t = { 0 };
    while (admission_try(a, &s, &one))
        ;
    ck_assert(admission_try(a, &t, &one));
    admission_release(a, &s, &one);
    ck_assert_msg(!admission_try(a, &s, &one), "it is far above its half now");
    admission_free(a);
}
END_TEST

START_TEST(what_can_never_be_held_is_known_beforehand)
{
    struct admission *a = make(16);
    ck_assert(admission_possible(a, &one));
    ck_assert(admission_possible(a, &NEED(1, 14, 1)));
    ck_assert(!admission_possible(a, &NEED(1, 15, 1)));
    ck_assert(!admission_possible(a, &NEED(1, 1, UINT32_MAX)));
    ck_assert(!admission_possible(a, &NEED(0, 1, 1)));
    admission_free(a);
}
END_TEST

START_TEST(a_pool_smaller_than_its_skills_still_serves_each)
{
    struct admission *a = make(8);
    static struct admission_share s[100];
    static struct guest g[100];
    int counter = 0;
    memset(s, 0, sizeof s);
    for (int i = 0; i < 100; i++)
        wait_for(a, &s[i], &g[i], one, &counter);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(g[i].granted, 1);
        ck_assert_int_eq(g[i].order, i + 1);
        admission_release(a, &s[i], &one);
    }
    admission_free(a);
}
END_TEST

START_TEST(waiting_skills_are_served_in_turns)
{
    struct admission *a = make(4);
    struct admission_share s = { 0 }, t = { 0 }, holder = { 0 };
    struct guest gs[4], gt[4];
    int counter = 0;
    ck_assert(admission_try(a, &holder, &CALLS(3)));
    ck_assert(admission_try(a, &t, &CALLS(1)));
    for (int i = 0; i < 4; i++)
        wait_for(a, &s, &gs[i], CALLS(1), &counter);
    for (int i = 0; i < 4; i++)
        wait_for(a, &t, &gt[i], CALLS(1), &counter);
    ck_assert_int_eq(counter, 0);
    admission_release(a, &t, &CALLS(1));
    ck_assert_int_eq(gs[0].order, 1);
    admission_release(a, &s, &CALLS(1));
    ck_assert_int_eq(gt[0].order, 2);
    admission_release(a, &t, &CALLS(1));
    ck_assert_int_eq(gs[1].order, 3);
    admission_release(a, &s, &CALLS(1));
    ck_assert_int_eq(gt[1].order, 4);
    admission_release(a, &holder, &CALLS(3));
    ck_assert_int_eq(counter, 7);
    ck_assert_int_eq(gs[2].order, 5);
    ck_assert_int_eq(gt[2].order, 6);
    ck_assert_int_eq(gs[3].order, 7);
    admission_free(a);
}
END_TEST

START_TEST(a_skill_with_a_crowd_of_waiters_does_not_hold_up_another)
{
    struct admission *a = make(8);
    struct admission_share crowd = { 0 }, other = { 0 };
    static struct guest g[1000];
    struct guest late;
    int counter = 0;
    for (int i = 0; i < 1000; i++)
        wait_for(a, &crowd, &g[i], CALLS(1), &counter);
    ck_assert_int_eq(counter, 7);
    wait_for(a, &other, &late, CALLS(1), &counter);
    ck_assert_int_eq(late.order, 8);
    admission_free(a);
}
END_TEST

START_TEST(a_large_need_is_not_passed_for_ever)
{
    struct admission *a = make(8);
    struct admission_share small[8], large = { 0 };
    struct guest g, behind;
    int counter = 0;
    memset(small, 0, sizeof small);
    for (int i = 0; i < 8; i++)
        ck_assert(admission_try(a, &small[i], &CALLS(1)));
    wait_for(a, &large, &g, CALLS(7), &counter);
    ck_assert_msg(!admission_try(a, &small[0], &CALLS(1)), "nobody passes a waiter");
    wait_for(a, &small[0], &behind, CALLS(1), &counter);
    for (int i = 0; i < 7; i++) {
        ck_assert_int_eq(counter, 0);
        admission_release(a, &small[i], &CALLS(1));
    }
    ck_assert_int_eq(g.order, 1);
    ck_assert_int_eq(behind.granted, 0);
    admission_release(a, &small[7], &CALLS(1));
    ck_assert_int_eq(behind.order, 2);
    admission_free(a);
}
END_TEST

START_TEST(a_skill_over_its_share_is_passed_by_others)
{
    struct admission *a = make(8);
    struct admission_share greedy = { 0 }, modest = { 0 };
    struct guest g, m;
    int counter = 0;
    ck_assert(admission_try(a, &greedy, &CALLS(7)));
    wait_for(a, &greedy, &g, CALLS(1), &counter);
    wait_for(a, &modest, &m, CALLS(1), &counter);
    ck_assert_int_eq(m.order, 1);
    ck_assert_int_eq(g.granted, 0);
    admission_release(a, &modest, &CALLS(1));
    ck_assert_msg(g.granted == 0, "alone, but its seven eighths are out");
    admission_release(a, &greedy, &CALLS(7));
    ck_assert_int_eq(g.order, 2);
    admission_free(a);
}
END_TEST

START_TEST(who_forgets_is_never_granted_and_lets_others_by)
{
    struct admission *a = make(8);
    struct admission_share holder = { 0 }, s = { 0 }, t = { 0 };
    struct guest big, first, second;
    int counter = 0;
    ck_assert(admission_try(a, &holder, &CALLS(7)));
    wait_for(a, &s, &big, CALLS(4), &counter);
    wait_for(a, &t, &first, CALLS(1), &counter);
    wait_for(a, &t, &second, CALLS(1), &counter);
    ck_assert_int_eq(counter, 0);
    ck_assert(admission_forget(a, &big.waiter));
    ck_assert_int_eq(first.granted, 1);
    ck_assert(!admission_forget(a, &first.waiter));
    ck_assert(admission_forget(a, &second.waiter));
    ck_assert(!admission_forget(a, &second.waiter));
    admission_release(a, &t, &CALLS(1));
    admission_release(a, &holder, &CALLS(7));
    ck_assert_int_eq(big.granted, 0);
    ck_assert_int_eq(second.granted, 0);
    ck_assert_uint_eq(s.users + t.users + holder.users, 0);
    ck_assert(admission_try(a, &s, &CALLS(7)));
    admission_free(a);
}
END_TEST

/* Threads that try, wait, forget and release at random; the counts they keep themselves are the judge. */
enum { STRESS_THREADS = 8, STRESS_SKILLS = 5, STRESS_ROUNDS = 4000 };

struct stress {
    struct admission *a;
    struct admission_need total;
    struct admission_share shares[STRESS_SKILLS];
    _Atomic uint32_t used[ADMIT_KINDS], held[STRESS_SKILLS][ADMIT_KINDS];
    _Atomic int wrong, waited, forgotten;
};
struct stress_thread {
    struct admission_waiter waiter;
    struct stress *stress;
    unsigned seed;
    sem_t granted;
    pthread_t thread;
};

static void on_stress_granted(struct admission_waiter *w)
{
    struct stress_thread *t = (struct stress_thread *)((char *)w - offsetof(struct stress_thread, waiter));
    sem_post(&t->granted);
}

static bool get(struct stress_thread *t, struct admission_share *s, const struct admission_need *need)
{
    struct stress *st = t->stress;
    if (admission_try(st->a, s, need))
        return true;
    t->waiter = (struct admission_waiter){ .need = *need, .granted = on_stress_granted };
    admission_wait(st->a, s, &t->waiter);
    st->waited++;
    if (rand_r(&t->seed) % 8 == 0 && admission_forget(st->a, &t->waiter)) {
        st->forgotten++;
        return false;
    }
    sem_wait(&t->granted);
    return true;
}

static void *stress_main(void *data)
{
    struct stress_thread *t = data;
    struct stress *st = t->stress;
    for (int i = 0; i < STRESS_ROUNDS; i++) {
        unsigned skill = (unsigned)rand_r(&t->seed) % STRESS_SKILLS;
        struct admission_share *s = &st->shares[skill];
        struct admission_need need = NEED(1, 1 + (uint32_t)rand_r(&t->seed) % 20, (uint32_t)rand_r(&t->seed) % 3);
        if (!get(t, s, &need))
            continue;
        for (int k = 0; k < ADMIT_KINDS; k++) {
            if (atomic_fetch_add(&st->used[k], need.n[k]) + need.n[k] > st->total.n[k])
                st->wrong++;
            if (atomic_fetch_add(&st->held[skill][k], need.n[k]) + need.n[k] > st->total.n[k] - st->total.n[k] / 8)
                st->wrong++;
        }
        if (rand_r(&t->seed) % 4 == 0)
            sched_yield();
        for (int k = 0; k < ADMIT_KINDS; k++) {
            atomic_fetch_sub(&st->used[k], need.n[k]);
            atomic_fetch_sub(&st->held[skill][k], need.n[k]);
        }
        admission_release(st->a, s, &need);
    }
    return NULL;
}

START_TEST(under_stress_nothing_is_over_committed_or_lost_and_nobody_starves)
{
    struct stress st = { .total = NEED(5, 32, 6) };
    static struct stress_thread threads[STRESS_THREADS];
    ck_assert_int_eq(admission_new(&st.total, &st.a, NULL), 0);
    for (unsigned i = 0; i < STRESS_THREADS; i++) {
        threads[i].stress = &st;
        threads[i].seed = i + 1;
        sem_init(&threads[i].granted, 0, 0);
        pthread_create(&threads[i].thread, NULL, stress_main, &threads[i]);
    }
    for (unsigned i = 0; i < STRESS_THREADS; i++)
        pthread_join(threads[i].thread, NULL);
    ck_assert_int_eq(st.wrong, 0);
    ck_assert_int_gt(st.waited, 0);
    ck_assert_int_gt(st.forgotten, 0);
    for (int i = 0; i < STRESS_SKILLS; i++) {
        ck_assert_uint_eq(st.shares[i].users, 0);
        for (int k = 0; k < ADMIT_KINDS; k++)
            ck_assert_uint_eq(st.shares[i].held[k], 0);
    }
    struct admission_need all_but_an_eighth = NEED(5, 28, 6);
    ck_assert_msg(admission_try(st.a, &st.shares[0], &all_but_an_eighth), "everything has come back");
    admission_release(st.a, &st.shares[0], &all_but_an_eighth);
    admission_free(st.a);
}
END_TEST

/* One that can never succeed tries again and again, and so takes for a moment what another needs. */
struct trier {
    struct admission *a;
    struct admission_share share;
    _Atomic bool over;
};
static void *try_in_vain(void *data)
{
    struct trier *t = data;
    while (!t->over)
        if (admission_try(t->a, &t->share, &CALLS(4)))
            return t;
    return NULL;
}

START_TEST(a_try_that_fails_does_not_cost_another_its_turn)
{
    struct trier trier = { .a = make(8) };
    struct admission_share holder = { 0 }, s = { 0 };
    struct stress_thread w;
    pthread_t t[4];
    void *lucky;
    ck_assert(admission_try(trier.a, &holder, &CALLS(5)));
    sem_init(&w.granted, 0, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, try_in_vain, &trier);
    for (int i = 0; i < 20000; i++) {
        w.waiter = (struct admission_waiter){ .need = CALLS(3), .granted = on_stress_granted };
        admission_wait(trier.a, &s, &w.waiter);
        sem_wait(&w.granted);
        admission_release(trier.a, &s, &CALLS(3));
    }
    trier.over = true;
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], &lucky);
        ck_assert_ptr_null(lucky);
    }
    ck_assert_uint_eq(trier.share.users, 0);
    admission_free(trier.a);
}
END_TEST

Suite *suite_admission(void);
Suite *suite_admission(void)
{
    Suite *s = suite_create("admission");
    TCase *c = tcase_create("admission");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, a_lone_skill_gets_the_pool_less_an_eighth);
    tcase_add_test(c, two_skills_get_half_each);
    tcase_add_test(c, a_newcomer_finds_room_beside_a_skill_that_took_all_it_could);
    tcase_add_test(c, what_can_never_be_held_is_known_beforehand);
    tcase_add_test(c, a_pool_smaller_than_its_skills_still_serves_each);
    tcase_add_test(c, waiting_skills_are_served_in_turns);
    tcase_add_test(c, a_skill_with_a_crowd_of_waiters_does_not_hold_up_another);
    tcase_add_test(c, a_large_need_is_not_passed_for_ever);
    tcase_add_test(c, a_skill_over_its_share_is_passed_by_others);
    tcase_add_test(c, who_forgets_is_never_granted_and_lets_others_by);
    tcase_add_test(c, a_try_that_fails_does_not_cost_another_its_turn);
    tcase_add_test(c, under_stress_nothing_is_over_committed_or_lost_and_nobody_starves);
    suite_add_tcase(s, c);
    return s;
}
