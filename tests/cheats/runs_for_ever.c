// expect: timed_out
// reason: longer than
// how: a call without end
// slow: yes
// guard: off
@HEAD
{
    for (volatile int i = 0; i < 1;) {}
}
