"""Training of the screening classifier: texts, augmentation, fitting, and the cross-validated figures. Never run by a gateway."""
