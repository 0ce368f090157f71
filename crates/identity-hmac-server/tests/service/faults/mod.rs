//! What may break around the service, and the service itself.
