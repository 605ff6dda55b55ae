from .inner import LEVEL

if __name__ == "__main__":
    print(LEVEL * 2)
