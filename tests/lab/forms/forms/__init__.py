"""Forms in which one definition reaches another, or data is read: a project for mutants, by kind of form."""

VERSION = 1
