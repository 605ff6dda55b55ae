"""Classical methods in NumPy, one idea per file.

The constructor fits the model: `DecisionTree(X, y)` is scikit-learn's `DecisionTreeClassifier().fit(X, y)`. So every
model is fitted, once. Methods say what they return: `classify` is scikit-learn's `predict`, `shares` its
`predict_proba`, `decision` its `decision_function`.

Arrays are taken as anything that NumPy turns into one and are computed with in float64. What has another shape, is not
finite, or is not the distribution that it should be raises a `ValueError`.
"""
