/// A message that can't be read: the other process isn't this program, or it has a fault.
enum MessageError: Error, Hashable {
    /// It ends too soon.
    case tooShort
    /// Something follows its end.
    case tooLong
    /// It has a number, a size or a text that can't be.
    case invalid
}
