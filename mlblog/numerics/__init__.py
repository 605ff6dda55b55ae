"""Numerical methods: solvers of differential equations and derivatives by hand."""
