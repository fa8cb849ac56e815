"""Networks in processes of their own, which answer the clicks of pages over HTTP: docs/scale.md."""
