using SamSharp.Optimizers;
using TorchSharp.Modules;

namespace SamSharp.Tests.Optimizers;

/// <summary>Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms"), which shows that one file adds an optimizer to the
/// engine: w = w (1 - lr weightDecay) - lr sign(beta1 m + (1 - beta1) g),
/// m = beta2 m + (1 - beta2) g.</summary>
internal sealed class Lion(IEnumerable<Lion.ParamGroup> groups, double lr = 1e-4, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0)
    : StatefulOptimizer(groups, new Options { LearningRate = lr, Beta1 = beta1, Beta2 = beta2, WeightDecay = weightDecay }, new Rule())
{
    public Lion(IEnumerable<Parameter> parameters, double lr = 1e-4, double beta1 = 0.9, double beta2 = 0.99, double weightDecay = 0)
        : this([new ParamGroup(parameters)], lr, beta1, beta2, weightDecay)
    {
    }

    public sealed class Options : GroupOptions
    {
        public double? Beta1 { get; set; }

        public double? Beta2 { get; set; }

        public double? WeightDecay { get; set; }

        private protected override double?[] Numbers
        {
            get => [Beta1, Beta2, WeightDecay];
            set => (Beta1, Beta2, WeightDecay) = (value[0], value[1], value[2]);
        }

        internal override void Validate()
        {
            base.Validate();
            Require(Beta1 is >= 0 and < 1, "beta1", Beta1, "in [0, 1)");
            Require(Beta2 is >= 0 and < 1, "beta2", Beta2, "in [0, 1)");
            Require(WeightDecay is >= 0 and < double.PositiveInfinity, "weightDecay", WeightDecay, "finite and not negative");
        }
    }

    public sealed class ParamGroup(IEnumerable<Parameter>? parameters = null, Options? options = null)
        : ParamGroup<Options>(parameters ?? [], options!);

    private sealed class Rule : UpdateRule
    {
        private static readonly StateTensor[] Layout = [new("exp_avg") { IsMomentum = true }];

        public override StateTensor[] Tensors => Layout;

        /// <summary>No: the update does not depend on the number of the step.</summary>
        public override bool MustKnow(UpdateBatch batch) => false;

        protected override void Update(UpdateBatch batch, int place)
        {
            var options = (Options)batch.Options;
            var (w, g, m) = (batch.Weights[place], batch.Gradients[place], batch.Of(0)[place]);
            using var scope = NewDisposeScope();
            var direction = m.Times(options.Beta1!.Value).Plus(g, 1 - options.Beta1.Value).sign();
            w.MultiplyBy(1 - (options.LearningRate!.Value * options.WeightDecay!.Value)).IncreaseBy(direction, -options.LearningRate.Value);
            m.MultiplyBy(options.Beta2!.Value).IncreaseBy(g, 1 - options.Beta2.Value);
        }
    }
}
