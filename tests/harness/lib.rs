//! Starts the product from outside and counts what arrives.
