#include "compare.h"

#include "bits.h"
#include "elements.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 1024 };

/* A NaN exceeds every bound; so does an infinity, although an opponent's makes the bound infinite. */
static inline int within(double error, double bound) { return (error <= bound) & (error < INFINITY); }

struct rule {
    double gamma, unit;
    int exactly, may_skip, any_nan;
};

/* Equal first: two infinities have no difference. */
static inline double distance(double got, double want, const struct rule *r)
{
    return (got == want) | (r->any_nan & (got != got) & (want != want)) ? 0 : fabs(got - want);
}

static inline double bound_of(double want, double scale, const struct rule *r)
{
    return r->exactly ? 0.0 : r->gamma * scale + (r->unit > 0 ? r->unit * fabs(want) : 0.0);
}

static void numbers(struct error *found, int number, int64_t first, int64_t n, const double *restrict got,
                    const double *restrict want, const double *restrict scale, const struct rule *r)
{
    int64_t bad = 0, largest = 0; /* of what is not negative the bits are in its order; a vector has their maximum */
    if (r->may_skip) {
        for (int64_t k = 0; k < n; k++) {
            const double bound = bound_of(want[k], scale[k], r), error = distance(got[k], want[k], r);
            const int skip = bound == INFINITY;
            const double share = skip ? 0 : error / (bound + 0x1p-1022);
            const int64_t bits = (int64_t)(bits_of(share) & (share >= 0 ? ~0ULL : 0));
            found->skipped += skip;
            bad += skip | within(error, bound) ? 0 : 1;
            largest = bits > largest ? bits : largest;
        }
    } else {
        for (int64_t k = 0; k < n; k++) {
            const double bound = bound_of(want[k], scale[k], r), error = distance(got[k], want[k], r);
            const double share = error / (bound + 0x1p-1022);
            const int64_t bits = (int64_t)(bits_of(share) & (share >= 0 ? ~0ULL : 0));
            bad += within(error, bound) ? 0 : 1;
            largest = bits > largest ? bits : largest;
        }
    }
    const double worst = from_bits((uint64_t)largest);
    found->worst = worst > found->worst ? worst : found->worst;
    found->total += n;
    found->seen += n;
    if (!bad) return;
    found->bad += bad;
    if (found->array >= 0) return;
    for (int64_t k = 0; k < n; k++) {
        const double bound = bound_of(want[k], scale[k], r);
        if ((r->may_skip && bound == INFINITY) || within(distance(got[k], want[k], r), bound)) continue;
        found->array = number;
        found->exactly = r->exactly;
        found->at = first + k;
        found->got = got[k];
        found->want = want[k];
        found->bound = bound;
        return;
    }
}

struct job {
    struct error *found;
    int number;
    const void *got;
    const struct expected *to;
    struct rule rule;
};

static void stretch(const struct array *a, int64_t first_element, int64_t count, void *with)
{
    const struct job *job = with;
    const int64_t first = first_element * parts(a), end = first + count * parts(a);
    const int direct = a->dtype == HY_F64 || a->dtype == HY_C128;
    static double got[BLOCK], want[BLOCK], scale[BLOCK];
    for (int64_t at = first; at < end; at += direct && job->to->scale ? end - first : BLOCK) {
        const int64_t n = direct && job->to->scale ? end - at : end - at < BLOCK ? end - at : BLOCK;
        const double *g = (const double *)job->got + at, *w = (const double *)job->to->want + at, *s = scale;
        if (!direct) to_doubles(got, a, job->got, at, n), g = got;
        if (job->to->native && !direct) to_doubles(want, a, job->to->want, at, n), w = want;
        if (job->to->scale) s = job->to->scale + at;
        else
            for (int64_t k = 0; k < n; k++) scale[k] = job->to->reach;
        numbers(job->found, job->number, at, n, g, w, s, &job->rule);
    }
}

/* Integers of 64 bits are not all doubles: what has to be equal is compared as it lies. */
static void stretch_equal(const struct array *a, int64_t first, int64_t count, void *with)
{
    const struct job *job = with;
    const char *got = (const char *)job->got + (size_t)first * a->item,
               *want = (const char *)job->to->want + (size_t)first * a->item;
    job->found->total += count * parts(a);
    job->found->seen += count * parts(a);
    if (!memcmp(got, want, (size_t)count * a->item)) return;
    const size_t item = a->item / (size_t)parts(a);
    for (int64_t k = 0; k < count * parts(a); k++) {
        if (!memcmp(got + (size_t)k * item, want + (size_t)k * item, item)) continue;
        double g, w;
        to_doubles(&g, a, job->got, first * parts(a) + k, 1);
        to_doubles(&w, a, job->to->want, first * parts(a) + k, 1);
        if (floating(a) && (g == w || (g != g && w != w))) continue; /* zeros of either sign, and any NaN for any */
        job->found->worst = INFINITY;
        if (!job->found->bad++ && job->found->array < 0) {
            job->found->array = job->number;
            job->found->exactly = 1;
            job->found->at = first * parts(a) + k;
            job->found->got = g;
            job->found->want = w;
            job->found->bound = 0;
        }
    }
}

static struct rule rule_of(const struct array *a, double gamma, int exactly, int may_skip)
{
    return (struct rule){gamma, single(a) ? 0x1p-24 : 0x1p-53, exactly, may_skip, 0};
}

static void add(struct error *found, const struct error *one)
{
    const double worst = one->worst > found->worst ? one->worst : found->worst;
    const int64_t skipped = found->skipped + one->skipped, seen = found->seen + one->seen;
    if (found->array < 0 && one->array >= 0) *found = *one;
    found->worst = worst;
    found->skipped = skipped;
    found->seen = seen;
}

void compare(struct error *found, int number, const struct array *a, const void *got, const struct expected *to)
{
    struct error one = NO_ERROR;
    struct job job = {&one, number, got, to, rule_of(a, to->gamma, to->exactly || a->exactly, to->may_skip)};
    if (to->complete) job.rule.unit = 0;
    job.rule.any_nan = to->any_nan;
    if (to->native && a->exactly) each_stretch(a, stretch_equal, &job);
    else each_stretch(a, stretch, &job);
    add(found, &one);
}

void compare_picked(struct error *found, int number, const struct array *a, int64_t count, const double *got,
                    const double *want, const double *scale, double gamma, int exactly)
{
    struct error one = NO_ERROR;
    const struct rule rule = rule_of(a, gamma, exactly || a->exactly, 0);
    numbers(&one, number, 0, count, got, want, scale, &rule);
    add(found, &one);
}

static void largest(const struct array *a, int64_t first, int64_t count, void *with)
{
    void **both = with;
    double *most = both[1], values[BLOCK];
    for (int64_t at = first * parts(a), end = at + count * parts(a); at < end; at += BLOCK) {
        const int64_t n = end - at < BLOCK ? end - at : BLOCK;
        to_doubles(values, a, both[0], at, n);
        for (int64_t k = 0; k < n; k++)
            if (fabs(values[k]) > *most && fabs(values[k]) < INFINITY) *most = fabs(values[k]);
    }
}

double magnitude_of(const struct array *a, const void *values)
{
    double most = 0;
    void *both[2] = {(void *)values, &most};
    each_stretch(a, largest, both);
    return most;
}

struct reach {
    const double *want, *bound;
    double most, magnitude;
};

static void widest(const struct array *a, int64_t first, int64_t count, void *with)
{
    struct reach *r = with;
    for (int64_t k = first * parts(a); k < (first + count) * parts(a); k++) {
        const double want = fabs(r->want[k]);
        if (r->bound[k] < INFINITY && r->bound[k] > r->most) r->most = r->bound[k];
        if (want < INFINITY && want > r->magnitude) r->magnitude = want;
    }
}

double reach_of(const struct array *a, const double *want, const double *bound)
{
    struct reach r = {want, bound, 0, 0};
    each_stretch(a, widest, &r);
    return r.magnitude > 0 ? r.most / r.magnitude : 0;
}
