package sheet

// AppendEncoded gives tests the encoder that added cells go through.
var AppendEncoded = appendEncoded
