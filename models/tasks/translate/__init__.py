"""Pictures made of pictures: CycleGAN's generators and Bobby's own."""
