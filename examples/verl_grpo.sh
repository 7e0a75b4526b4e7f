#!/bin/sh
# GRPO with verl on a machine with GPUs; kernels are judged by a served farm elsewhere.
# python examples/verl_reward.py writes the Parquet files. HAYATE_TOKEN is the farm's token.
set -eu
: "${FARM:=http://127.0.0.1:8177}" "${MODEL:=Qwen/Qwen2.5-Coder-1.5B-Instruct}" "${DATA:=out/verl}"
exec python -m verl.trainer.main_ppo \
    algorithm.adv_estimator=grpo \
    data.train_files="$DATA/train.parquet" \
    data.val_files="$DATA/test.parquet" \
    data.train_batch_size=32 \
    data.max_prompt_length=2048 \
    data.max_response_length=2048 \
    actor_rollout_ref.model.path="$MODEL" \
    actor_rollout_ref.rollout.name=vllm \
    actor_rollout_ref.rollout.n=16 \
    actor_rollout_ref.actor.ppo_mini_batch_size=32 \
    actor_rollout_ref.actor.ppo_micro_batch_size_per_gpu=4 \
    actor_rollout_ref.rollout.log_prob_micro_batch_size_per_gpu=4 \
    trainer.n_gpus_per_node=1 \
    trainer.total_epochs=10 \
    reward.num_workers=1 \
    reward.custom_reward_function.path=pkg://hayate.adapters.verl \
    reward.custom_reward_function.name=compute_score \
    +reward.custom_reward_function.reward_kwargs.url="$FARM" \
    "$@"
