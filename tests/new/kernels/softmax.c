#include <math.h>
#include <stddef.h>

void softmax_rows(float *x, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; ++i) {
        float *row = x + i * cols;
        float max = row[0];
        for (size_t j = 1; j < cols; ++j)
            if (row[j] > max) max = row[j];
        float sum = 0.f;
        for (size_t j = 0; j < cols; ++j) {
            row[j] = expf(row[j] - max);
            sum += row[j];
        }
        for (size_t j = 0; j < cols; ++j)
            row[j] /= sum;
    }
}
