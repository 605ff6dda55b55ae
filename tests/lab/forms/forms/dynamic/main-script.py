RESULT = sum(range(5))

if __name__ == "__main__":
    RESULT += 100
