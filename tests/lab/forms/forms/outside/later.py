def value():
    return 61
