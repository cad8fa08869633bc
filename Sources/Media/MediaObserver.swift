public import TwilioAPI

/// Receives what the ``MediaLibrary`` learns about media.
///
/// Methods are called from any thread without locks held, and must be quick. `account` is the account that the
/// recording names; nil if it names none.
public protocol MediaObserver: AnyObject, Sendable {
    /// The media was described, or its facts were confirmed.
    func mediaWasDescribed(_ sid: SID, of account: SID?, as facts: MediaFacts)

    /// The media has changed: its size, its entity tag, its envelope or its number of channels.
    func mediaHasChanged(_ sid: SID, of account: SID?)

    /// All of the media was fetched, and its tag agrees.
    func mediaWasVerified(_ sid: SID, of account: SID?)

    /// The media failed authentication after bytes were released; it is fetched again before it is condemned.
    ///
    /// The released bytes must not be read any more.
    func mediaIsDoubtful(_ sid: SID, of account: SID?)

    /// The media is condemned: nothing of it may be read any more, cached or not.
    func mediaFailedAuthentication(_ sid: SID, of account: SID?)
}
