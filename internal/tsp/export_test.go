package tsp

// EndOfTolerances is one past the last tolerance.
const EndOfTolerances = endOfTolerances
