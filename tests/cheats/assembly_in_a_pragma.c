// expect: violation
// reason: inline assembly | a block within a #pragma
// how: machine code in an expression of a pragma's clause, which is compiled as any other (class 52)
// permitted: simd
@HEAD
{
#pragma omp simd if(({ asm volatile("lea 0x1234567(%%rax), %%rax" ::: "rax"); K; }))
    for (long i = 0; i < (long)M * N; i++) C[i] = 0;
@PRODUCT
}
