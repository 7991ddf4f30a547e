//! What a program can do about a refusal.

/// What a program can do about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Correct the request.
    InvalidArgument,
    /// Ask for something that exists.
    NotFound,
    /// Look at the present state, then decide again.
    FailedPrecondition,
    /// Come back when there is room.
    ResourceExhausted,
    /// Come back later, or ask another replica.
    Unavailable,
    /// Allow more time, or ask for less.
    DeadlineExceeded,
    /// Call something that this server offers.
    Unimplemented,
    /// Send a key that is valid.
    Unauthenticated,
    /// Use a key that has the right.
    PermissionDenied,
    /// Report a defect.
    Internal,
}
