using System.Net;

namespace SamSharp.Samples.T5.Hub;

/// <summary>Turns the hub's status and its header <c>X-Error-Code</c> into an error message.</summary>
internal static class HubFailure
{
    /// <summary>Whether the model exists at this revision but the file does not. A mirror may send only a 404.</summary>
    public static bool IsMissingFile(HttpResponseMessage response)
        => response.StatusCode == HttpStatusCode.NotFound && Code(response) is null or "EntryNotFound";

    public static HubException From(HttpResponseMessage response, HubName model, string file, HubSettings settings)
    {
        var page = $"{Home(settings)}/{model.Model}";
        var tokenGiven = settings.Token is not null;
        return (response.StatusCode, Code(response)) switch
        {
            (_, "GatedRepo") => new(
                $"{model} is gated: accept its terms at {page} and put a token of your account in " +
                    $"HF_TOKEN{(tokenGiven ? "; the current one has no access" : "")}."),
            (_, "RevisionNotFound") => new(
                $"{model.Model} has no revision '{model.Revision}': its branches and tags are listed at {page}/tree/main."),
            (HttpStatusCode.Unauthorized, not "RepoNotFound") when tokenGiven => new(
                $"{Home(settings)} rejects the token in HF_TOKEN or in the file 'token' in HF_HOME: create another at " +
                    $"{Home(settings)}/settings/tokens, or remove it."),
            (HttpStatusCode.Unauthorized, _) or (_, "RepoNotFound") => new(
                $"There is no folder '{model}' and no public model of that name at {Home(settings)}: check the name; if it is " +
                    "private, put a token in HF_TOKEN."),
            (HttpStatusCode.Forbidden, _) =>
                new($"{Home(settings)} denies access to {model}: ask for access at {page} and put a token that has it in HF_TOKEN."),
            (HttpStatusCode.NotFound, _) => new($"{model} has no {file} at {Home(settings)}."),
            (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError, _) => new(
                $"{Home(settings)} answers {Status(response)} for {file} of {model}: try again later; the part downloaded so far is kept.")
            {
                IsTransient = true,
                RetryAfter = RetryAfter(response),
            },
            _ => new($"{Home(settings)} answers {Status(response)} for {file} of {model}; is HF_ENDPOINT right?"),
        };
    }

    /// <summary>The hub did not answer, or the answer broke off.</summary>
    /// <param name="model">The model.</param>
    /// <param name="file">Its file.</param>
    /// <param name="settings">Where the hub is.</param>
    /// <param name="cause">What happened.</param>
    /// <param name="answered">Whether an answer had begun.</param>
    public static HubException Unreachable(HubName model, string file, HubSettings settings, Exception cause, bool answered) => new(
        $"Could not read {file} of {model} from {Home(settings)}: {Reason(cause)}. Check the network, a proxy and HF_ENDPOINT; "
        + "without a network, copy the model's folder to this machine and pass its path.", cause)
    {
        IsTransient = true,
        IsUnreachable = !answered,
    };

    private static string Reason(Exception cause)
        => cause is OperationCanceledException ? "the connection timed out" : cause.GetBaseException().Message.TrimEnd('.');

    private static string Home(HubSettings settings) => settings.Endpoint.AbsoluteUri.TrimEnd('/');

    private static string Status(HttpResponseMessage response) => $"{(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();

    private static string? Code(HttpResponseMessage response) => response.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.First() : null;

    private static TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > DateTimeOffset.UtcNow ? date - DateTimeOffset.UtcNow : TimeSpan.Zero,
        _ => null,
    };
}
