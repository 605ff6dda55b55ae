NOTES = []


def note(text):
    NOTES.append(text)
