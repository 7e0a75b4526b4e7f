#include <stddef.h>
#include <stdint.h>
uint32_t crc32(const uint32_t table[256], const uint8_t *buf, size_t len, uint32_t crc)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++)
        crc = table[(crc ^ buf[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}
