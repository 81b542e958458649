/* Enumeration by minimum agreements in C, for benchmarks/enumeration_c.py: two algorithms, one core.
 * Agreements are (xi.w + N)/2, so that the level of the minimum stability is the index of the histogram. */
#include <stdint.h>
#include <string.h>

enum { MOST_PATTERNS = 64, MOST_WEIGHTS = 32, LANES = 4 };

/* Gray code over all weights. steps: what a flip adds to the agreements when the weight is -1, (n_weights, n_rows);
 * agreements: at w = -1, padded by large values; both int16. */
void gray_code(int n_weights, int n_rows, const int16_t *steps, const int16_t *start, int64_t *counts)
{
    int16_t agreements[MOST_PATTERNS] __attribute__((aligned(64)));
    int16_t next[MOST_WEIGHTS][MOST_PATTERNS] __attribute__((aligned(64)));
    for (int i = 0; i < n_weights; i++)
        memcpy(next[i], steps + i * n_rows, n_rows * sizeof *steps);
    memcpy(agreements, start, n_rows * sizeof *start);
    for (uint64_t step = 1;; step++) {
        int16_t fewest = INT16_MAX;
        for (int mu = 0; mu < n_rows; mu++)
            fewest = agreements[mu] < fewest ? agreements[mu] : fewest;
        counts[fewest]++;
        if (step >> n_weights)
            return;
        int16_t *row = next[__builtin_ctzll(step)];
        for (int mu = 0; mu < n_rows; mu++) {
            agreements[mu] += row[mu];
            row[mu] = -row[mu];
        }
    }
}

/* Gray code over the high weights, the low ones in the vector dimension: what the package does.
 * low: (n_rows, block_size); high: (n_high, n_rows); base: agreements of the high weights at -1, changed. */
void blocks(int n_high, int n_rows, int block_size, const uint8_t *restrict low, const int8_t *high,
            uint8_t *restrict base, uint8_t *restrict fewest, int64_t *counts)
{
    int64_t lanes[LANES][256] = {{0}};
    uint64_t code = 0;
    for (uint64_t step = 1;; step++) {
        memset(fewest, 127, block_size);
        for (int mu = 0; mu < n_rows; mu += 4) {
            const uint8_t *a = low + mu * block_size, *b = a + block_size, *c = b + block_size, *d = c + block_size;
            uint8_t base_a = base[mu], base_b = base[mu + 1], base_c = base[mu + 2], base_d = base[mu + 3];
            for (int k = 0; k < block_size; k++) {
                uint8_t first = a[k] + base_a, second = b[k] + base_b, third = c[k] + base_c, fourth = d[k] + base_d;
                uint8_t one = first < second ? first : second, other = third < fourth ? third : fourth;
                one = one < other ? one : other;
                fewest[k] = one < fewest[k] ? one : fewest[k];
            }
        }
        for (int k = 0; k < block_size; k++)
            lanes[k % LANES][fewest[k]]++;
        if (step >> n_high)
            break;
        int i = __builtin_ctzll(step);
        code ^= 1ull << i;
        int sign = (code >> i) & 1 ? 1 : -1;
        for (int mu = 0; mu < n_rows; mu++)
            base[mu] += sign * high[i * n_rows + mu];
    }
    for (int lane = 0; lane < LANES; lane++)
        for (int level = 0; level < 256; level++)
            counts[level] += lanes[lane][level];
}
