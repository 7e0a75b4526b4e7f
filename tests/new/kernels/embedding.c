void embed(int tokens, int vocab, int dim, const int *ids, const float *table, float *out)
{
    for (int t = 0; t < tokens; t++)
        for (int d = 0; d < dim; d++)
            out[t * dim + d] = table[ids[t] * dim + d];
}
