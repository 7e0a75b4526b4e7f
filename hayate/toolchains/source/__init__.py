"""Reading a C source: its tokens, what the rules forbid, which techniques it uses, how it loops."""
