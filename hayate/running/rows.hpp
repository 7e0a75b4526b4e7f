// Memory, and what C writes as T (*p)[n], T (*p)[n][m]: pointers to arrays whose size is not constant.

// What malloc returns: C lets it stand for any pointer.
struct hy_any {
    void *address;
    template <class T> operator T *() const { return static_cast<T *>(address); }
};
inline hy_any hy_malloc(size_t bytes) { return {std::malloc(bytes)}; }
inline hy_any hy_calloc(size_t count, size_t bytes) { return {std::calloc(count, bytes)}; }
inline hy_any hy_realloc(void *old, size_t bytes) { return {std::realloc(old, bytes)}; }
inline hy_any hy_aligned_alloc(size_t alignment, size_t bytes)
{
    return {::aligned_alloc(alignment < 16 ? 16 : alignment, (bytes + alignment - 1) / alignment * alignment)};
}
#define hy_alloca(bytes) (hy_any{__builtin_alloca(bytes)})

namespace hy {

template <class T, int D> struct rows {
    T *start;
    ptrdiff_t sizes[D];

    rows() = default;
    template <class... N> rows(const void *p, N... n) : start((T *)p), sizes{ptrdiff_t(n)...} {}
    template <class U> rows(const rows<U, D> &r) : start(r.start)
    {
        for (int d = 0; d < D; d++)
            sizes[d] = r.sizes[d];
    }
    // A new place, of rows of the same size.
    rows &operator=(const hy_any &p) { return start = p, *this; }

    operator T *() const { return start; }
    ptrdiff_t row() const
    {
        ptrdiff_t n = 1;
        for (int d = 0; d < D; d++)
            n *= sizes[d];
        return n;
    }
    template <class I> rows operator+(I i) const
    {
        rows r = *this;
        r.start += ptrdiff_t(i) * row();
        return r;
    }
    template <class I> rows operator-(I i) const { return *this + -ptrdiff_t(i); }
    rows &operator++() { return start += row(), *this; }
    template <class I> auto operator[](I i) const
    {
        if constexpr (D == 1)
            return start + ptrdiff_t(i) * row();
        else {
            rows<T, D - 1> r;
            r.start = start + ptrdiff_t(i) * row();
            for (int d = 1; d < D; d++)
                r.sizes[d - 1] = sizes[d];
            return r;
        }
    }
    auto operator*() const { return (*this)[0]; }
};

}  // namespace hy
