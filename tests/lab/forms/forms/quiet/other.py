def idle(x):
    return x + 77
