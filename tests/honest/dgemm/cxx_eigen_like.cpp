// permitted: simd alloc packing register_blocking
/* In the manner of Eigen: traits, packets by specialisation, packing functors, macros of force. */
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#if defined(__AVX__)
#include <immintrin.h>
#endif
#define EIGEN_STRONG_INLINE __attribute__((always_inline)) inline
#define EIGEN_DONT_INLINE __attribute__((noinline))
#define EIGEN_DEVICE_FUNC
#ifdef EIGEN_USE_BLAS
extern "C" void dgemm_(const char *, const char *, const int *, const int *, const int *, const double *, const double *,
                       const int *, const double *, const int *, const double *, double *, const int *);
#endif
namespace Eigen {
using Index = std::ptrdiff_t;
namespace internal {
template <typename Scalar, typename Enable = void>
struct packet_traits {
    using type = Scalar;
    enum { size = 1, AlignedOnScalar = 0 };
};
#if defined(__AVX__)
template <>
struct packet_traits<double, void> {
    using type = __m256d;
    enum { size = 4, AlignedOnScalar = 1 };
};
EIGEN_STRONG_INLINE __m256d pmadd(const __m256d &a, const __m256d &b, const __m256d &c)
{
#ifdef __FMA__
    return _mm256_fmadd_pd(a, b, c);
#else
    return _mm256_add_pd(_mm256_mul_pd(a, b), c);
#endif
}
template <typename P>
EIGEN_STRONG_INLINE P pset1(double from) { return _mm256_set1_pd(from); }
template <typename P>
EIGEN_STRONG_INLINE P ploadu(const double *from) { return _mm256_loadu_pd(from); }
EIGEN_STRONG_INLINE void pstoreu(double *to, const __m256d &from) { _mm256_storeu_pd(to, from); }
#else
EIGEN_STRONG_INLINE double pmadd(double a, double b, double c) { return a * b + c; }
template <typename P>
EIGEN_STRONG_INLINE P pset1(double from) { return from; }
template <typename P>
EIGEN_STRONG_INLINE P ploadu(const double *from) { return *from; }
EIGEN_STRONG_INLINE void pstoreu(double *to, double from) { *to = from; }
#endif

template <typename Scalar, int Pack>
struct gemm_pack_rhs {
    EIGEN_DONT_INLINE void operator()(Scalar *blockB, const Scalar *rhs, Index stride, Index depth, Index cols) const
    {
        for (Index j = 0; j < cols; j += Pack)
            for (Index k = 0; k < depth; ++k)
                for (Index c = 0; c < Pack; ++c) *blockB++ = j + c < cols ? rhs[k * stride + j + c] : Scalar(0);
    }
};

template <typename Scalar>
struct gebp_kernel {
    using Packet = typename packet_traits<Scalar>::type;
    enum { nr = packet_traits<Scalar>::size };
    static_assert(std::is_floating_point_v<Scalar>);
    EIGEN_DONT_INLINE void operator()(Scalar *res, Index resStride, const Scalar *lhs, const Scalar *blockB, Index rows, Index depth, Index cols) const
    {
        for (Index i = 0; i < rows; ++i)
            for (Index j = 0; j < cols; j += nr) {
                Packet acc = pset1<Packet>(Scalar(0));
                const Scalar *b = blockB + j * depth;
                for (Index k = 0; k < depth; ++k, b += nr) acc = pmadd(pset1<Packet>(lhs[i * depth + k]), ploadu<Packet>(b), acc);
                alignas(32) Scalar tmp[nr];
                pstoreu(tmp, acc);
                std::memcpy(res + i * resStride + j, tmp, sizeof(Scalar) * std::min<Index>(nr, cols - j));
            }
    }
};

class aligned_stack_memory_handler {
public:
    explicit aligned_stack_memory_handler(std::size_t n) : m_ptr(static_cast<double *>(std::aligned_alloc(64, (n * 8 + 63) / 64 * 64))) {}
    ~aligned_stack_memory_handler() { std::free(m_ptr); }
    aligned_stack_memory_handler(const aligned_stack_memory_handler &) = delete;
    double *data() const noexcept { return m_ptr; }

private:
    double *m_ptr;
};
}  // namespace internal
}  // namespace Eigen

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    using namespace Eigen::internal;
    aligned_stack_memory_handler blockB(std::size_t(N + 8) * (K + 1));
    gemm_pack_rhs<double, gebp_kernel<double>::nr>()(blockB.data(), B, N, K, N);
    gebp_kernel<double>()(C, N, A, blockB.data(), M, K, N);
}
