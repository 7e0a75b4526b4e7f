// permitted: none
#include <cstddef>

template <class T>
class View {
  public:
    View(T *data, std::size_t stride) : data_(data), stride_(stride) {}
    T &operator()(std::size_t i, std::size_t j) const { return data_[i * stride_ + j]; }

  private:
    T *data_;
    std::size_t stride_;
};

void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const View a{A, std::size_t(K)}, b{B, std::size_t(N)};
    const View c{C, std::size_t(N)};
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < N; ++j) {
            double sum{};
            for (int k = 0; k < K; ++k) sum += a(i, k) * b(k, j);
            c(i, j) = sum;
        }
}
