/* Calls a task's oracle or one solution, outside the judge. Inputs come on standard input as raw doubles, results go to
   standard output in the same way: of an oracle exact, scale and the cheap scale of each output in turn, of a solution
   its outputs. Words: OFFSET SIZES... LENGTHS... (of inputs, then of outputs). Arrays begin OFFSET doubles into blocks
   that end with them, so that a sanitizer sees the first element behind. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

static double *array(int64_t length, int offset)
{
    size_t bytes = (size_t)(length + offset) * sizeof(double);
    double *block = malloc(bytes ? bytes : 1);
    if (!block)
        exit(3);
    memset(block, 255, bytes);
    return block + offset;
}

static void put(const double *values, int64_t length)
{
    if (fwrite(values, sizeof(double), (size_t)length, stdout) != (size_t)length)
        exit(3);
}

int main(int count, char **words)
{
    if (count != 2 + SIZES + INPUTS + OUTPUTS)
        return 3;
    int offset = atoi(words[1]);
    int s[SIZES + 1];
    int64_t lengths[INPUTS + OUTPUTS + 1];
    for (int i = 0; i < SIZES; i++)
        s[i] = atoi(words[2 + i]);
    for (int i = 0; i < INPUTS + OUTPUTS; i++)
        lengths[i] = atoll(words[2 + SIZES + i]);
    double *in[INPUTS + 1], *out[OUTPUTS + 1], *scale[OUTPUTS + 1], *cheap[OUTPUTS + 1];
    for (int i = 0; i < INPUTS; i++) {
        in[i] = array(lengths[i], offset);
        if (fread(in[i], sizeof(double), (size_t)lengths[i], stdin) != (size_t)lengths[i])
            return 3;
    }
    for (int i = 0; i < OUTPUTS; i++) {
        out[i] = array(lengths[INPUTS + i], offset);
        scale[i] = array(lengths[INPUTS + i], offset);
        cheap[i] = array(lengths[INPUTS + i], offset);
    }
#ifdef ORACLE
    CALL_EXACT;
    CALL_SCALE;
#else
    CALL_ENTRY;
    (void)scale, (void)cheap;
#endif
    for (int i = 0; i < OUTPUTS; i++) {
        put(out[i], lengths[INPUTS + i]);
#ifdef ORACLE
        put(scale[i], lengths[INPUTS + i]);
        put(cheap[i], lengths[INPUTS + i]);
#endif
    }
    return fflush(stdout) ? 3 : 0;
}
