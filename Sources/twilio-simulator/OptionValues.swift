public import ArgumentParser
public import TwilioSimulator

// Each of these is an enum of strings, which is all that ArgumentParser wants to know.
extension Behaviour.RangeSupport: ExpressibleByArgument {}
extension Behaviour.BodyLength: ExpressibleByArgument {}
extension Behaviour.VoiceRedirect: ExpressibleByArgument {}
extension Behaviour.EncryptionSpelling: ExpressibleByArgument {}
extension Behaviour.EncryptionForm: ExpressibleByArgument {}
extension Behaviour.MetadataVersion: ExpressibleByArgument {}
extension Behaviour.WrapAlgorithm: ExpressibleByArgument {}
extension Behaviour.ContentAlgorithm: ExpressibleByArgument {}
extension Behaviour.VideoSize: ExpressibleByArgument {}
extension Behaviour.BearerAcceptance: ExpressibleByArgument {}
extension Behaviour.ErrorFormat: ExpressibleByArgument {}
extension Behaviour.MediaAddress: ExpressibleByArgument {}
extension Behaviour.ListOrder: ExpressibleByArgument {}
extension Behaviour.DateFilter: ExpressibleByArgument {}
extension Behaviour.ListEnd: ExpressibleByArgument {}
extension Behaviour.Paging: ExpressibleByArgument {}
extension Behaviour.ClientValidation: ExpressibleByArgument {}
extension GeneratedEnvelopes: ExpressibleByArgument {}
