// permitted: none
/* Größe M × N; Zeile für Zeile. 行列の積 — what??/ */
#include <string.h>
#define ADD(c, a, b) \
	do { \
		(c) += (a) * (b); \
	} while (0)

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
	memset(C, 0, sizeof(double) * M * N); // nichts als Nullen \
	   und noch eine Zeile
	for (int i = 0; i < M; i++)
		for (int k = 0; k < K; k++)
			for (int j = 0; j < N; j++)
				ADD(C[(long)i * N + j], A[(long)i * K + k], B[(long)k * N + j]);
}
