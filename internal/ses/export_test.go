package ses

// EndOfTolerances is one past the last tolerance.
const EndOfTolerances = endOfTolerances
