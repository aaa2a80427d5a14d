package cms

// EndOfTolerances is the bit after the last tolerance.
const EndOfTolerances = endOfTolerances
