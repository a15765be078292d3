using SamSharp.Samples.T5.Metrics;

namespace SamSharp.Samples.T5.Tasks;

/// <summary>Question answering: three closed-book sets, and TyDiQA's gold passages.</summary>
/// <remarks>
/// If a set has no validation rows, the last part of the training rows is used, split where Roberts, Raffel and Shazeer (2020)
/// split the whole set; they report the validation files of Natural Questions and TriviaQA as test results.
/// </remarks>
internal static class QuestionTasks
{
    public static IReadOnlyList<T5Task> All { get; } =
    [
        new QuestionTask("webquestions", "wq question:", AnswerText.Squad)
        {
            Files = new()
            {
                Folders = ["closed_book_qa", "web_questions", "WebQuestions"],
                Train = ["WebQuestions-train", "train"],
                Validation = ["WebQuestions-dev", "dev", "validation"],
                Test = ["WebQuestions-test", "test"],
            },
            HoldOut = new() { Published = (3778, 3417) },
            LabelledTest = true,
        },
        new QuestionTask("naturalquestions", "nq question:", AnswerText.Squad)
        {
            Files = new()
            {
                Folders = ["closed_book_qa", "nq_open", "NQ-open"],
                Train = ["NQ-open.train", "train"],
                Validation = ["NQ-open.dev", "dev", "validation"],
                Test = ["NQ-open.efficientqa.test.1.1", "test"],
            },
            HoldOut = new() { Published = (87925, 79168) },
            LabelledTest = true,
        },
        new QuestionTask("triviaqa", "trivia_qa question:", AnswerText.TriviaQa)
        {
            Files = new()
            {
                Folders =
                [
                    "closed_book_qa", "triviaqa", "trivia_qa", "triviaqa-unfiltered", "unfiltered.nocontext", "trivia_qa/unfiltered.nocontext",
                ],
                Train = ["unfiltered-web-train", "triviaqa-train", "train"],
                Validation = ["unfiltered-web-dev", "triviaqa-dev", "dev", "validation", "triviaqa_1000"],
            },
            HoldOut = new() { Published = (87622, 78785) },
        },
        TyDiQa("tydiqa", null),
        TyDiQa("tydiqa-english", "english"),
    ];

    private static ReadingTask TyDiQa(string name, string? language) => new(name, language)
    {
        Files = new()
        {
            Folders = ["tydiqa_goldp", "tydiqa", "tydiqa-goldp", "secondary_task", "tydiqa/secondary_task"],
            Train = ["tydiqa-goldp-v1.1-train", $"{language ?? "*"}_tydiqa_train", "train"],
            Validation = ["tydiqa-goldp-v1.1-dev", $"{language ?? "*"}_tydiqa_dev", "dev", "validation"],
        },
    };
}
