"""Where did every packet go? Routes of single packets, balances of stations, and whether the two agree. Pure."""
