typedef struct { float w, x, y, z; } quat;
typedef struct { float x, y, z; } vec3;
void rotate(quat q, const vec3 *in, vec3 *out, int n)
{
    for (int i = 0; i < n; i++) {
        vec3 v = in[i];
        float tx = 2 * (q.y * v.z - q.z * v.y);
        float ty = 2 * (q.z * v.x - q.x * v.z);
        float tz = 2 * (q.x * v.y - q.y * v.x);
        out[i].x = v.x + q.w * tx + q.y * tz - q.z * ty;
        out[i].y = v.y + q.w * ty + q.z * tx - q.x * tz;
        out[i].z = v.z + q.w * tz + q.x * ty - q.y * tx;
    }
}
